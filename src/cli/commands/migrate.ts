/** `burnish migrate`: says of a job of OpenAI's what will work here, what is mapped to what, and what will not work. */
import { readFile, writeFile } from 'node:fs/promises';
import { checkDataset, type Finding, jobFindings, readExportedJob, requestOf } from '../../server/index.ts';
import { asUsage, CliError, EXIT, type ExitCode } from '../errors.ts';
import type { Style } from '../output/style.ts';
import { Terminal } from '../output/terminal.ts';

export interface MigrateCommandOptions {
  training?: string;
  validation?: string;
  model: string;
  /** File that the request is written to. */
  out?: string;
  json?: boolean;
  quiet?: boolean;
}

const WORDS: Record<Finding['kind'], string> = {
  works: 'works',
  maps: 'maps',
  ignored: 'ignored',
  fails: 'fails',
};

function line({ kind, path, text }: Finding, style: Style): string {
  const colour = { works: style.green, maps: style.cyan, ignored: style.yellow, fails: style.red }[kind];
  return `${colour(WORDS[kind].padEnd(8))} ${path}\n         ${text}`;
}

async function readJob(file: string) {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new CliError(`cannot read ${file}: ${(error as Error).message}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CliError(`${file} is not valid JSON: ${(error as Error).message}`);
  }
  try {
    return readExportedJob(value);
  } catch (error) {
    throw new CliError(`${file}: ${(error as Error).message}`);
  }
}

export async function migrateCommand(file: string, options: MigrateCommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const job = await readJob(file);
  const { model, training, validation } = options;
  const findings = jobFindings(job, model);
  const kind = job.method?.type ?? 'supervised';
  for (const [path, place] of [
    ['training_file', training],
    ['validation_file', validation],
  ] as const)
    if (place !== undefined) findings.push(...(await asUsage(() => checkDataset(place, kind, path, job))));
  const request = requestOf(job, model);
  for (const finding of findings) terminal.print(line(finding, terminal.style));
  const failing = findings.filter((one) => one.kind === 'fails').length;
  terminal.print();
  terminal.print(
    failing === 0
      ? 'Everything can be run here.'
      : `${failing} ${failing === 1 ? 'part has' : 'parts have'} to be changed first.`,
  );
  if (training === undefined)
    terminal.print('Its files were not looked at: give them with --training and --validation.');
  if (options.out !== undefined) {
    await writeFile(options.out, `${JSON.stringify(request, null, 2)}\n`);
    terminal.print(`The request is in ${options.out}; put the ids of the uploaded files in.`);
  }
  terminal.object({ findings, failing, request });
  return failing === 0 ? EXIT.ok : EXIT.failed;
}
