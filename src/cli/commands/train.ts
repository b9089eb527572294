/** `burnish train`: runs a recipe, or a user's own file of tasks, or goes on with a run. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { methods } from '../../methods/index.ts';
import {
  namedModels,
  parseRecipe,
  parseSetting,
  type Recipe,
  RecipeError,
  SnapshotFolder,
  setByPath,
} from '../../training/index.ts';
import { CliError, EXIT, type ExitCode, exitCodeOf, messageOf } from '../errors.ts';
import { clock } from '../output/format.ts';
import { beforeAfterLines, scoreOf } from '../output/result.ts';
import { Terminal } from '../output/terminal.ts';
import { type LoadedRecipe, loadRecipe, modelPath, type RecipeSource } from '../recipe/load-recipe.ts';
import { makeEnvironment } from '../setup/environment.ts';
import { ownParts } from '../setup/run-file.ts';
import { DEFAULT_ROOT, type FoundRun, findRun, needRun, newPlace, openRunStore } from '../setup/run-place.ts';
import { type RunOutcome, reportAgain, runTraining, shownPath, type TrainingRun } from '../training-run.ts';

export interface TrainCommandOptions {
  set?: string[];
  seed?: number;
  model?: string;
  out?: string;
  runs?: string;
  /** `true`: the newest unfinished run of the recipe; a text: that run. */
  resume?: string | boolean;
  quiet?: boolean;
  json?: boolean;
}

type Plan = Omit<TrainingRun, 'terminal' | 'environment'> & {
  own: Pick<LoadedRecipe, 'environment' | 'grader'>;
  notes: string[];
  /** The run came to its end, and only its report could not be written. */
  reportOnly?: boolean;
};

/** Runs the command; the exit code is 130 when the run was interrupted and saved. */
export async function trainCommand(
  what: string | undefined,
  options: TrainCommandOptions,
): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const { own, notes, reportOnly, ...plan } =
    options.resume === undefined ? await planNew(what, options) : await planResume(what, options);
  if (reportOnly) return showOutcome(await reportAgain(plan.place, terminal), plan, terminal);
  const { environment, notes: more } = await makeEnvironment(plan.recipe.environment, own);
  for (const note of [...notes, ...more]) terminal.remark(note);
  terminal.remark(terminal.remarkStyle.dim(`run ${plan.place.id} in ${shownPath(plan.place.folder)}`));
  const outcome = await runTraining({ ...plan, environment, terminal }).catch(async (error: unknown) => {
    throw await withWayOn(error, plan.place);
  });
  return showOutcome(outcome, plan, terminal);
}

function showOutcome(outcome: RunOutcome, { place }: Pick<Plan, 'place'>, terminal: Terminal): ExitCode {
  const { style } = terminal;
  if (outcome.status === 'interrupted') {
    const resume = `burnish train --resume ${resumeArgument(place)}`;
    terminal.print(`Stopped after step ${outcome.step}; everything is saved. Go on with:\n  ${resume}`);
    terminal.object({
      status: 'interrupted',
      run: place.id,
      folder: place.folder,
      step: outcome.step,
      resume,
    });
    return EXIT.interrupted;
  }
  const { summary, report } = outcome;
  const { before, after, seconds, steps, exportedStep, model } = summary;
  for (const line of beforeAfterLines(before, after, style)) terminal.print(line);
  terminal.print();
  terminal.print(`Model   ${shownPath(model)} (weights of step ${exportedStep} of ${steps})`);
  terminal.print(`Report  ${shownPath(report)}`);
  terminal.print(`Run     ${place.id}, ${clock(seconds)}`);
  terminal.object({
    status: 'finished',
    run: place.id,
    before: scoreOf(before),
    after: scoreOf(after),
    seconds,
    report,
    model,
    folder: place.folder,
    steps,
    exportedStep,
    split: after.split,
    tasks: after.tasks,
  });
  return EXIT.ok;
}

/** The error, with how to go on when its cause is gone, where the run has snapshots. */
async function withWayOn(error: unknown, place: TrainingRun['place']): Promise<unknown> {
  const exitCode = exitCodeOf(error);
  const steps = await new SnapshotFolder(join(place.folder, 'snapshots')).steps();
  if (exitCode === EXIT.usage || steps.length === 0) return error;
  const message = `${messageOf(error)}\nSaved up to step ${steps[0]}; go on with: burnish train --resume ${resumeArgument(place)}`;
  return new CliError(message, { exitCode, cause: error });
}

/** What to type to go on with a run: its identifier where it is in the usual place, else its folder. */
function resumeArgument({ id, folder, root }: TrainingRun['place']): string {
  return shownPath(root) === DEFAULT_ROOT ? id : shownPath(folder);
}

/** The recipe with `--set`, `--seed` and `--model` applied; paths given here are taken from the working folder. */
function withOptions(input: unknown, { set = [], seed, model }: TrainCommandOptions): unknown {
  let recipe = input;
  for (const { path, value } of set.map(parseSetting)) {
    recipe = setByPath(recipe, path, value);
    const isPath = path === 'environment.file' || namedModels(recipe, methods).has(path);
    if (isPath && typeof value === 'string')
      recipe = setByPath(recipe, path, modelPath(value, process.cwd()));
  }
  if (seed !== undefined) recipe = setByPath(recipe, 'seed', seed);
  if (model !== undefined) recipe = setByPath(recipe, 'model', modelPath(model, process.cwd()));
  return recipe;
}

/** What `--set environment.…` says. */
function environmentSettings({ set = [] }: TrainCommandOptions): Record<string, unknown> {
  const settings = set.map(parseSetting).filter(({ path }) => /^environment\.[^.]+$/.test(path));
  return Object.fromEntries(settings.map(({ path, value }) => [path.slice('environment.'.length), value]));
}

async function planNew(what: string | undefined, options: TrainCommandOptions): Promise<Plan> {
  if (what === undefined)
    throw new CliError("no recipe given: expected a recipe's name or path, as in 'burnish train countdown'");
  const model = options.model === undefined ? undefined : modelPath(options.model, process.cwd());
  const loaded = await loadRecipe(what, { model, environment: environmentSettings(options) });
  const recipe = parse(withOptions(loaded.input, options), loaded.source);
  const place = await newPlace(recipe.name, { out: options.out, root: options.runs });
  await refuseTaken(place);
  return { recipe, source: loaded.source, place, resume: false, own: loaded, notes: loaded.notes };
}

function parse(input: unknown, source: RecipeSource | undefined): Recipe {
  try {
    return parseRecipe(input, methods);
  } catch (error) {
    if (!(error instanceof RecipeError) || source?.kind !== 'file') throw error;
    throw new CliError(`${shownPath(source.path)}: ${error.message}`, { cause: error });
  }
}

/** Throws when the folder or the identifier belongs to a run already. */
async function refuseTaken({ id, folder, root }: TrainingRun['place']): Promise<void> {
  const found = await findRun(folder, root).catch(() => undefined);
  if (found !== undefined)
    throw new CliError(
      `${shownPath(folder)} holds the run ${found.record.id} (${found.record.status}) already: ` +
        'go on with it by --resume, or choose another --out',
    );
  const same = await findRun(id, root).catch(() => undefined);
  if (same?.record.id === id && same.root === root)
    throw new CliError(`${root} holds a run '${id}' already, in ${same.record.folder}: choose another --out`);
}

async function planResume(what: string | undefined, options: TrainCommandOptions): Promise<Plan> {
  const loaded = what === undefined ? undefined : await loadRecipe(what, { model: options.model });
  const { record, root } = await runToResume(loaded, options);
  const isPlain = loaded === undefined && (options.set ?? []).length === 0;
  const reportOnly = record.status === 'finished' && isPlain;
  if (reportOnly && (await hasReport(record.folder)))
    throw new CliError(
      `the run ${record.id} is finished; to train it further, give it more steps: --set stages.0.steps=…`,
    );
  const recipe = parse(withOptions(loaded?.input ?? record.config, options), loaded?.source);
  return {
    recipe,
    source: loaded?.source,
    place: { id: record.id, folder: record.folder, root },
    resume: true,
    own: loaded ?? (await ownParts(record.folder)),
    notes: [],
    reportOnly,
  };
}

const hasReport = (folder: string) =>
  access(join(folder, 'report.html')).then(
    () => true,
    () => false,
  );

async function runToResume(
  loaded: LoadedRecipe | undefined,
  options: TrainCommandOptions,
): Promise<FoundRun> {
  const { resume, out, runs } = options;
  if (typeof resume === 'string') return await needRun(resume, runs);
  if (out !== undefined) return await needRun(out.includes('/') ? out : `./${out}`, runs);
  const root = runs ?? DEFAULT_ROOT;
  const store = await openRunStore(root, { readOnly: true });
  try {
    const name = loaded?.input.name;
    const all = await store.runs(typeof name === 'string' ? { name } : {});
    const record = all.find((run) => run.status !== 'finished');
    if (record === undefined)
      throw new CliError(`there is no unfinished run${name === undefined ? '' : ` of '${name}'`} in ${root}`);
    return { record, root };
  } finally {
    await store.close();
  }
}
