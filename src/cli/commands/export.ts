/** `burnish export`: writes a run's model as a Hugging Face folder. */
import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { methods } from '../../methods/index.ts';
import {
  type Recipe,
  type RunState,
  recipeNeeds,
  SnapshotFolder,
  snapshotName,
} from '../../training/index.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { Terminal } from '../output/terminal.ts';
import { makeEnvironment } from '../setup/environment.ts';
import { makeFolder } from '../setup/make-folder.ts';
import { makeModel } from '../setup/model.ts';
import { ownParts } from '../setup/run-file.ts';
import { needRun } from '../setup/run-place.ts';
import { shownPath } from '../training-run.ts';

export interface ExportCommandOptions {
  dtype: 'f32' | 'f16' | 'bf16';
  which: 'best' | 'last';
  force?: boolean;
  runs?: string;
  quiet?: boolean;
  json?: boolean;
}

const DTYPES = { f32: 'F32', f16: 'F16', bf16: 'BF16' } as const;

/** Takes the weights from the run's snapshots, so that runs that never finished can be exported too. */
export async function exportCommand(
  what: string,
  to: string,
  options: ExportCommandOptions,
): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const { record } = await needRun(what, options.runs);
  const folder = resolve(to);
  const present = await readdir(folder).catch(() => []);
  if (present.length > 0 && !options.force)
    throw new CliError(`${to} is not empty: choose another folder, or --force to write into it`);
  await makeFolder(folder);
  const recipe = record.config as Recipe;
  const { snapshot, step } = await chosenSnapshot(record.folder, options.which);
  const { environment } = await makeEnvironment(recipe.environment, await ownParts(record.folder));
  const { engine } = await makeModel(recipe, environment.symbols, {
    valueHead: recipeNeeds(recipe, methods).valueHead,
  });
  try {
    engine.restore(snapshot.engine);
    await engine.export(folder, { dtype: DTYPES[options.dtype] });
  } finally {
    engine.dispose();
  }
  terminal.print(`Wrote the ${options.which} weights of ${record.id} (step ${step}) to ${shownPath(folder)}`);
  terminal.object({ run: record.id, step, which: options.which, dtype: options.dtype, folder });
  return EXIT.ok;
}

async function chosenSnapshot(runFolder: string, which: 'best' | 'last') {
  const snapshots = new SnapshotFolder(join(runFolder, 'snapshots'));
  const { snapshot, step } = await snapshots.last<RunState>();
  if (snapshot === undefined || step === undefined)
    throw new CliError(`${snapshots.path} holds no whole snapshot to export`);
  const best = snapshot.state.best?.step;
  if (which === 'last' || best === undefined || best === step) return { snapshot, step };
  return { snapshot: await snapshots.read<RunState>(snapshotName(best)), step: best };
}
