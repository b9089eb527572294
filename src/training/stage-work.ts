/** Sets up a stage: its method, its curriculum and its frozen reference, as they were where the state was saved. */
import { type Curriculum, sequential, shuffled } from '../curricula/index.ts';
import type { Engine, FrozenEngine } from '../engine/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Environment } from '../types/index.ts';
import type { MethodInstance, MethodTable } from './method.ts';
import { methodConfig, type Stage } from './recipe.ts';
import type { RunState } from './run-state.ts';
import type { SnapshotFolder } from './snapshots.ts';
import { totalSteps } from './stage-clock.ts';

export interface StageParts {
  methods: MethodTable;
  engine: Engine;
  tokenizer: Tokenizer;
  environment: Environment;
  snapshots: SnapshotFolder;
}

/** A stage being run. */
export interface StageWork {
  stage: Stage;
  index: number;
  instance: MethodInstance;
  curriculum: Curriculum;
  /** Number of steps; undefined when wall time ends the stage. */
  total: number | undefined;
  reference: FrozenEngine | undefined;
}

/** The stage of the state, ready to go on. Throws when its limit does not fit its method. */
export async function beginStage(parts: StageParts, state: RunState): Promise<StageWork> {
  const { methods, engine, tokenizer, environment } = parts;
  const { seed, sampling, stages } = state.recipe;
  const index = state.stage;
  const stage = stages[index];
  const method = methods[stage.method];
  const config = methodConfig(stage, methods);
  const reference = method.needs(config).reference ? await referenceOf(parts, state) : undefined;
  const size = environment.size('train');
  const curriculum =
    stage.curriculum === 'shuffled' ? shuffled(size, seed, 'curriculum', index) : sequential(size);
  const context = { engine, reference, tokenizer, environment, curriculum, sampling, seed, stage: index };
  const instance = method.create(config, context);
  if (state.curriculum !== null) curriculum.restore(state.curriculum);
  if (state.method !== null) instance.restore(state.method);
  return { stage, index, instance, curriculum, total: totalSteps(stage, instance), reference };
}

/** A frozen copy of the weights at the start of a stage: the present ones there, else the ones put aside then. */
async function referenceOf({ engine, snapshots }: StageParts, state: RunState): Promise<FrozenEngine> {
  const name = `reference-stage-${state.stage}`;
  if (state.stageStep === 0) {
    await snapshots.write(name, engine.snapshot(), null);
    return engine.fork();
  }
  const present = engine.snapshot();
  engine.restore((await snapshots.read(name)).engine);
  const frozen = engine.fork();
  engine.restore(present);
  return frozen;
}
