/** `burnish init`: writes a commented recipe to start from. */
import { access } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { writeAtomically } from '../../files/index.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { Terminal } from '../output/terminal.ts';
import { typescriptTemplate, yamlTemplate } from '../recipes/templates.ts';
import { makeFolder } from '../setup/make-folder.ts';
import { shownPath } from '../training-run.ts';

export async function initCommand(
  file: string | undefined,
  options: { force?: boolean; quiet?: boolean; json?: boolean },
): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const path = resolve(file ?? 'recipe.yaml');
  const template = templateFor(extname(path));
  const taken = await access(path).then(
    () => true,
    () => false,
  );
  if (taken && !options.force) throw new CliError(`${shownPath(path)} is there already: --force replaces it`);
  await makeFolder(dirname(path));
  await writeAtomically(path, template);
  terminal.print(`Wrote ${shownPath(path)}. Run it with:\n  burnish train ${shownPath(path)}`);
  terminal.object({ path });
  return EXIT.ok;
}

function templateFor(extension: string): string {
  if (['.yaml', '.yml'].includes(extension)) return yamlTemplate;
  if (['.ts', '.mts'].includes(extension)) return typescriptTemplate;
  throw new CliError(`a recipe's file ends in .yaml or .ts, '${extension}' given`);
}
