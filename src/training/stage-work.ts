/** Sets up a stage: its method, its curriculum and its frozen reference, as they were where the state was saved. */
import { type Curriculum, sequential, shuffled } from '../curricula/index.ts';
import type { Engine, FrozenEngine } from '../engine/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Environment } from '../types/index.ts';
import { frozenModels } from './frozen-models.ts';
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
  /** Other frozen models by name. */
  models: Readonly<Record<string, FrozenEngine>>;
  /** Puts weights and optimiser back to the stage's start. */
  rewind(): Promise<void>;
}

/** The stage of the state, ready to go on. Throws when its limit does not fit its method. */
export async function beginStage(parts: StageParts, state: RunState): Promise<StageWork> {
  const { methods, engine, tokenizer, environment, snapshots } = parts;
  const { seed, sampling, stages } = state.recipe;
  const index = state.stage;
  const stage = stages[index];
  const method = methods[stage.method];
  const config = methodConfig(stage, methods);
  const needs = method.needs(config);
  const models = await frozenModels(needs.models ?? {}, tokenizer);
  if ((needs.reference || needs.start) && state.stageStep === 0)
    await snapshots.write(startName(index), engine.snapshot(), null);
  const reference = needs.reference ? await referenceOf(parts, state) : undefined;
  const size = environment.size('train');
  const curriculum =
    stage.curriculum === 'shuffled' ? shuffled(size, seed, 'curriculum', index) : sequential(size);
  const context = {
    engine,
    reference,
    models,
    tokenizer,
    environment,
    curriculum,
    sampling,
    seed,
    stage: index,
  };
  const instance = method.create(config, context);
  if (state.curriculum !== null) curriculum.restore(state.curriculum);
  if (state.method !== null) instance.restore(state.method);
  const total = totalSteps(stage, instance);
  const rewind = async () => {
    if (!needs.start)
      throw new Error(`${stage.method}: a step begins from the start, but none was asked for`);
    await rewindTo(snapshots, startName(index), engine);
  };
  return { stage, index, instance, curriculum, total, reference, models, rewind };
}

/** Name of the snapshot in which a stage's start is put aside. */
const startName = (stage: number) => `reference-stage-${stage}`;

/** A frozen copy of the weights at the start of a stage: the present ones there, else the ones put aside then. */
async function referenceOf({ engine, snapshots }: StageParts, state: RunState): Promise<FrozenEngine> {
  if (state.stageStep === 0) return engine.fork();
  const present = engine.snapshot();
  engine.restore((await snapshots.read(startName(state.stage))).engine);
  const frozen = engine.fork();
  engine.restore(present);
  return frozen;
}

/** Puts back weights and optimiser that were put aside, as a version of the weights of its own. */
async function rewindTo(snapshots: SnapshotFolder, name: string, engine: Engine): Promise<void> {
  const { engine: start } = await snapshots.read(name);
  const facts = { ...start.facts, weightsVersion: engine.weightsVersion + 1 };
  engine.restore({ ...start, facts });
}
