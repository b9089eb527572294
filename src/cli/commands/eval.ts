/** `burnish eval`: measures a model on held-out tasks, against the model its run began with. */
import { resolve } from 'node:path';
import { methods } from '../../methods/index.ts';
import { writeReport } from '../../report/index.ts';
import {
  type Evaluation,
  evaluate,
  evaluationSchema,
  parseRecipe,
  parseSetting,
  type Recipe,
  samplingSchema,
} from '../../training/index.ts';
import type { Environment, Split } from '../../types/index.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { evaluationReport } from '../evaluation-report.ts';
import { onInterrupt } from '../interrupts.ts';
import { clock, short } from '../output/format.ts';
import { beforeAfterLines, detailLines, measuredOn, scoreLine, scoreOf } from '../output/result.ts';
import { Terminal } from '../output/terminal.ts';
import { type LoadedRecipe, loadRecipe } from '../recipe/load-recipe.ts';
import { builtInRecipe } from '../recipes/index.ts';
import { makeEnvironment } from '../setup/environment.ts';
import { makeFolder } from '../setup/make-folder.ts';
import { loadModel, makeModel, modelFolder } from '../setup/model.ts';
import { ownParts } from '../setup/run-file.ts';
import { newPlace } from '../setup/run-place.ts';
import { findTarget, type Target } from '../setup/target.ts';
import { shownPath } from '../training-run.ts';

export interface EvalCommandOptions {
  environment?: string;
  set?: string[];
  recipe?: string;
  file?: string;
  split?: Split;
  tasks?: number;
  samples?: number;
  temperature?: number;
  maxTokens?: number;
  seed?: number;
  /** False with --no-base. */
  base: boolean;
  out?: string;
  runs?: string;
  quiet?: boolean;
  json?: boolean;
}

type Measurable = Pick<Recipe, 'environment' | 'sampling' | 'evaluation' | 'report' | 'seed'>;

export async function evalCommand(what: string, options: EvalCommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const started = performance.now();
  const target = await findTarget(what, options.runs);
  const { settings, own } = await settingsOf(target, options);
  const { environment, notes } = await makeEnvironment(settings.environment, own);
  for (const note of notes) terminal.remark(note);
  const measure = measurement(environment, settings, options, terminal);
  const base = options.base ? await baseModel(target) : undefined;
  const { folder } = await newPlace(`eval-${environment.name}`, {
    out: options.out,
    root: options.runs ?? target.run?.root,
  });
  await makeFolder(folder);
  const interrupts = onInterrupt(() => terminal.remark('Stopping.'));
  try {
    const before = base && (await measure(base, 'before', interrupts.signal));
    const after = await measure(target.model, 'after', interrupts.signal);
    const seconds = (performance.now() - started) / 1000;
    const data = evaluationReport({ target, environment, settings, before: before ?? after, after, seconds });
    const report = (await writeReport(folder, data)).html;
    show(terminal, { target, before, after, seconds, report });
    return EXIT.ok;
  } catch (error) {
    if (interrupts.signal.aborted) {
      terminal.object({ status: 'interrupted', model: target.model });
      return EXIT.interrupted;
    }
    throw error;
  } finally {
    interrupts.release();
  }
}

function show(
  terminal: Terminal,
  result: { target: Target; before?: Evaluation; after: Evaluation; seconds: number; report: string },
): void {
  const { target, before, after, seconds, report } = result;
  const lines = before
    ? beforeAfterLines(before.summary, after.summary, terminal.style)
    : [
        `Pass@1 of ${target.name} (${measuredOn(after.summary)})`,
        scoreLine('pass@1', scoreOf(after.summary), terminal.style),
      ];
  for (const line of [...lines, ...detailLines(after.summary), '']) terminal.print(line);
  terminal.print(`Report  ${shownPath(report)}`);
  terminal.print(`Time    ${clock(seconds)}`);
  terminal.object({
    model: target.model,
    ...(target.run && { run: target.run.record.id }),
    before: scoreOf((before ?? after).summary),
    after: scoreOf(after.summary),
    seconds,
    report,
    summary: after.summary,
  });
}

/** What to measure on: an environment or file named here, a recipe, or the run's own. */
async function settingsOf(
  target: Target,
  options: EvalCommandOptions,
): Promise<{ settings: Measurable; own: Pick<LoadedRecipe, 'environment' | 'grader'> }> {
  const { environment: name, file, recipe, set = [], seed } = options;
  if ([name, file, recipe].filter((one) => one !== undefined).length > 1)
    throw new CliError('more than one of --environment, --file and --recipe given: expected one');
  const { settings, own } = await foundSettings(target, options);
  const extra = Object.fromEntries(set.map(parseSetting).map(({ path, value }) => [path, value]));
  return {
    settings: {
      ...settings,
      environment: { ...settings.environment, ...extra },
      seed: seed ?? settings.seed,
    },
    own,
  };
}

async function foundSettings(
  target: Target,
  options: EvalCommandOptions,
): Promise<{ settings: Measurable; own: Pick<LoadedRecipe, 'environment' | 'grader'> }> {
  const { environment: name, file, recipe } = options;
  const base: Omit<Measurable, 'environment'> = target.run?.recipe ?? plainSettings(name);
  if (name !== undefined) return { settings: { ...base, environment: { name } }, own: {} };
  if (file !== undefined) return { settings: { ...base, environment: { file: resolve(file) } }, own: {} };
  if (recipe !== undefined) {
    const loaded = await loadRecipe(recipe);
    return { settings: parseRecipe(loaded.input, methods), own: loaded };
  }
  if (target.run === undefined)
    throw new CliError(
      `nothing to measure ${target.name} on: give --environment <name>, --file <tasks.jsonl> or --recipe <recipe>`,
    );
  return { settings: target.run.recipe, own: await ownParts(target.run.record.folder) };
}

/** Settings for a model without a run: those of the environment's own recipe where there is one. */
function plainSettings(environment: string | undefined): Omit<Measurable, 'environment'> {
  const recipe = environment === undefined ? undefined : builtInRecipe(environment);
  if (recipe !== undefined) return parseRecipe(recipe, methods);
  return { sampling: samplingSchema.parse({}), evaluation: evaluationSchema.parse({}), seed: 0 };
}

/** The model that a run began with, where it can still be had: a folder, or the fresh one made again. */
async function baseModel({ run }: Target): Promise<Recipe | undefined> {
  if (run === undefined) return undefined;
  const { recipe } = run;
  if (typeof recipe.model !== 'string') return recipe;
  return await modelFolder(recipe.model).then(
    () => recipe,
    () => undefined,
  );
}

/** Measures a model folder, or the model that a recipe begins with. */
function measurement(
  environment: Environment,
  settings: Measurable,
  options: EvalCommandOptions,
  terminal: Terminal,
) {
  const { evaluation, report } = settings;
  const from = options.split === undefined && report ? report : evaluation;
  const split = options.split ?? from.split;
  const sampling = {
    ...settings.sampling,
    temperature: options.temperature ?? evaluation.temperature,
    maxTokens: options.maxTokens ?? evaluation.maxTokens ?? settings.sampling.maxTokens,
  };
  return async (model: string | Recipe, label: string, signal: AbortSignal): Promise<Evaluation> => {
    const { engine, tokenizer } =
      typeof model === 'string'
        ? await loadModel(model, { decoding: { pack: true } })
        : await makeModel(model, environment.symbols);
    let tokens = 0;
    const started = performance.now();
    const words = () => {
      const seconds = (performance.now() - started) / 1000;
      return `measuring ${label === 'before' ? 'the model before training' : 'the model'} on ${split}: ${short(tokens)} tokens, ${clock(seconds)}`;
    };
    const now = () => performance.now() / 1000;
    const display = terminal.display(() => [words()], words, now);
    try {
      return await evaluate({
        engine,
        tokenizer,
        environment,
        split,
        tasks: options.tasks ?? from.tasks,
        samples: options.samples ?? from.samples,
        sampling,
        passThreshold: evaluation.passThreshold,
        seed: settings.seed,
        signal,
        onTokens(total) {
          tokens = total;
          display.show(true);
        },
      });
    } finally {
      display.stop();
      engine.dispose();
    }
  };
}
