/** Starts or resumes a run, and sees that however it ends, the record says so. */
import { join } from 'node:path';
import type { Engine } from '../engine/index.ts';
import type { RunStatus, Store } from '../store/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Environment } from '../types/index.ts';
import type { EvaluationSummary } from './evaluate.ts';
import { Recorder, type TrainEvent, type TrainSummary } from './events.ts';
import { HealthMonitor } from './health.ts';
import type { MethodTable } from './method.ts';
import type { Recipe } from './recipe.ts';
import { RecipeError } from './recipe-errors.ts';
import { forbiddenChanges } from './recipe-paths.ts';
import { initialState, type RunState } from './run-state.ts';
import { SnapshotFolder } from './snapshots.ts';
import { type Progress, Trainer } from './trainer.ts';

export interface TrainOptions {
  /** From `parseRecipe`. */
  recipe: Recipe;
  methods: MethodTable;
  /** Holds the weights to start from; with a value head where `recipeNeeds` says so. */
  engine: Engine;
  tokenizer: Tokenizer;
  environment: Environment;
  store: Store;
  /** Identifier of the run in the store. */
  run: string;
  /** Folder of the run: `snapshots/` and `model/` are made in it. */
  folder: string;
  /** Go on from the newest whole snapshot in the folder; without one, from the beginning. */
  resume?: boolean;
  /** When aborted, the run gives up the step it is sampling for or finishes the one it is learning from, and saves. */
  signal?: AbortSignal;
  /** Hears every event once it is recorded. */
  onEvent?(event: TrainEvent): void;
  /** Hears what the run is busy with; nothing of this is recorded. */
  onProgress?(progress: Progress): void;
  /**
   * Called after every held-out evaluation, while the engine holds the weights it was of; training goes on when the promise
   * resolves. A run that is resumed may call it again for a step.
   */
  onEvaluated?(step: number, summary: EvaluationSummary): Promise<void>;
}

export type TrainResult =
  | { status: 'finished'; summary: TrainSummary }
  | { status: 'interrupted'; step: number };

/**
 * Runs a recipe. With the same recipe, engine, tokenizer and environment it always ends with the same weights and
 * metrics (except those named `time.`), also when it was killed and resumed in between; stages limited by wall time are
 * the exception.
 *
 * Throws a RecipeError when resuming with a recipe that differs in more than it may, a SnapshotError when a snapshot
 * cannot be written, a StoreError when the record cannot, and whatever engine or method throw. The run is then
 * recorded as failed, if that is still possible.
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { engine, store, run, folder } = options;
  const snapshots = new SnapshotFolder(join(folder, 'snapshots'));
  await snapshots.open();
  const recorder = new Recorder(store, run, options.onEvent);
  const state = options.resume
    ? await resume(options, snapshots, recorder)
    : await begin(options, snapshots, recorder);
  const signal = options.signal ?? new AbortController().signal;
  const trainer = new Trainer(
    {
      methods: options.methods,
      engine,
      tokenizer: options.tokenizer,
      environment: options.environment,
      recorder,
      snapshots,
      modelFolder: join(folder, 'model'),
      signal,
      onProgress: options.onProgress ?? (() => undefined),
      onEvaluated: options.onEvaluated,
    },
    state,
    state.step > 0 || state.evaluatedAt >= 0,
  );
  try {
    await recorder.commit(state.step);
    const summary = await trainer.run();
    await store.updateRun(run, { status: 'finished', summary, error: null });
    return { status: 'finished', summary };
  } catch (error) {
    recorder.discard();
    const { step } = trainer.state;
    if (!(signal.aborted && trainer.consistent)) {
      await recordFailure(options, recorder, step, error);
      throw error;
    }
    await trainer.snapshot();
    recorder.emit('run.interrupted', step, { step });
    await recorder.commit(step);
    await store.updateRun(run, { status: 'interrupted' });
    return { status: 'interrupted', step };
  }
}

/** Notes a failure in the record; where the record itself is what failed, the first error is the one to tell. */
async function recordFailure(
  { store, run }: TrainOptions,
  recorder: Recorder,
  step: number,
  error: unknown,
): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  try {
    recorder.emit('run.failed', step, { message });
    await recorder.commit(step);
    await store.updateRun(run, { status: 'failed', error: message });
  } catch {
    recorder.discard();
  }
}

async function createRun({ store, run, recipe, folder }: TrainOptions): Promise<void> {
  const method = [...new Set(recipe.stages.map((stage) => stage.method))].join('+');
  await store.createRun({ id: run, name: recipe.name, method, config: recipe, seed: recipe.seed, folder });
}

async function begin(
  options: TrainOptions,
  snapshots: SnapshotFolder,
  recorder: Recorder,
): Promise<RunState> {
  const { recipe } = options;
  const there = await snapshots.steps();
  if (there.length > 0)
    throw new Error(
      `${snapshots.path} holds snapshots up to step ${there[0]} of an earlier run: resume it or choose another folder`,
    );
  await createRun(options);
  recorder.emit('run.started', 0, {
    name: recipe.name,
    seed: recipe.seed,
    stages: recipe.stages.map((stage) => stage.name),
  });
  return initialState(recipe, new HealthMonitor().state());
}

async function resume(
  options: TrainOptions,
  snapshots: SnapshotFolder,
  recorder: Recorder,
): Promise<RunState> {
  const { recipe, store, run, engine } = options;
  const known = await store.run(run);
  const { snapshot, warnings } = await snapshots.last<RunState>();
  refuseChanges(snapshot?.state.recipe ?? known?.config, recipe);
  if (snapshot) refuseLateChange(snapshot.state, recipe);
  const step = snapshot?.state.step ?? -1;
  if (known) {
    const status: RunStatus = 'running';
    await store.updateRun(run, { status, config: recipe, error: null });
    await store.truncateAfter(run, step);
  } else await createRun(options);
  const at = Math.max(0, step);
  for (const message of warnings) recorder.emit('run.warning', at, { message });
  recorder.emit('run.resumed', at, { from: step });
  if (snapshot === undefined) return initialState(recipe, new HealthMonitor().state());
  engine.restore(snapshot.engine);
  return { ...snapshot.state, recipe };
}

/** Throws when a run would go on with a recipe that makes it another run. */
function refuseChanges(begun: unknown, recipe: Recipe): void {
  if (begun === undefined) return;
  const changed = forbiddenChanges(begun, recipe);
  if (changed.length > 0)
    throw new RecipeError([
      `cannot resume: the run was begun with other values of ${changed.join(', ')}; only limits of stages, cadences and what is kept may change`,
    ]);
}

/** Throws when the limit of a stage that is over was changed. */
function refuseLateChange(state: RunState, recipe: Recipe): void {
  state.recipe.stages.slice(0, state.stage).forEach((stage, i) => {
    for (const key of ['steps', 'epochs', 'seconds'] as const)
      if (stage[key] !== recipe.stages[i][key])
        throw new RecipeError([
          `cannot resume: stages.${i}.${key} changed from ${stage[key]} to ${recipe.stages[i][key]}, but that stage is over`,
        ]);
  });
}
