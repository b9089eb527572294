/** What a method is: a named composition of parts that turns one step's tasks into updates; the loop does the rest. */
import type { z } from 'zod';
import type { Curriculum, Json } from '../curricula/index.ts';
import type {
  Engine,
  FrozenEngine,
  Objective,
  OptimSettings,
  SamplingParams,
  TrainingBatch,
} from '../engine/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Environment, Group } from '../types/index.ts';

/** One gradient step: a batch, what to minimise on it, and optimiser settings that differ from the stage's. */
export interface Update {
  batch: TrainingBatch;
  objective: Objective;
  /** Further batches, each with an objective of its own, whose gradients are added before the one optimiser step. */
  also?: readonly Pick<Update, 'batch' | 'objective'>[];
  optim?: Partial<OptimSettings>;
}

/** What a method made of one step. */
export interface MethodStep {
  /** Done in order, each with its own optimiser step. None: the step learns nothing (all groups alike, say). */
  updates: readonly Update[];
  /** Put weights and optimiser back to the stage's start before the updates; the method must `need` the start. */
  fromStart?: boolean;
  /** Graded attempts behind the updates: metrics, records and the weights-version check are the loop's work. */
  groups?: readonly Group[];
  /** Advantages of `groups` by group and trajectory, for the record; null where there is none. */
  advantages?: readonly (readonly (number | null)[])[];
  /** Figures of the method's own. Names that start with `time.` are wall times in seconds. */
  metrics: Record<string, number>;
}

/** What a method works with during a stage. */
export interface MethodContext {
  engine: Engine;
  /** Frozen weights of the stage's start; present when the method `needs` them. */
  reference?: FrozenEngine;
  /** Other frozen models by the names under which the method `needs` them; they share the tokenizer. */
  models?: Readonly<Record<string, FrozenEngine>>;
  tokenizer: Tokenizer;
  environment: Environment;
  /** Chooses among the tasks of the training split. */
  curriculum: Curriculum;
  /** The recipe's sampling settings. */
  sampling: SamplingParams;
  seed: number;
  /** Position of the stage in the recipe, from 0: names random streams. */
  stage: number;
}

/** What a method may use in one step. */
export interface StepContext {
  /** Number of the step over the whole run, from 1: names random streams. */
  step: number;
  /** Number of the step within its stage, from 1. */
  stageStep: number;
  /** Aborted when the run is to stop: give up the step, whose draws are then made again. */
  signal: AbortSignal;
  /** Tells the progress display how many tokens were sampled so far. */
  onTokens(tokens: number): void;
  /** Adds wall time to a part of the step. */
  onTime(part: 'sample' | 'grade' | 'score', seconds: number): void;
}

/** A method at work on a stage. */
export interface MethodInstance {
  /** Attempts made by weights at most this many versions ago are accepted; 0 unless given. */
  maxStaleness?: number;
  step(context: StepContext): Promise<MethodStep>;
  /** Number of steps that `epochs` passes over the training tasks take. Absent: the method has no epochs. */
  stepsForEpochs?(epochs: number): number;
  /** Everything the method remembers from step to step, besides weights and curriculum. */
  state(): Json;
  restore(state: Json): void;
}

/** What a method asks of the engine it is given. */
export interface MethodNeeds {
  /** A frozen copy of the weights at the start of the stage. */
  reference?: boolean;
  /** Weights and optimiser of the stage's start, put aside so that a step may begin `fromStart`. */
  start?: boolean;
  /** A value head on the model. */
  valueHead?: boolean;
  /** Other models, read but not trained, by a name of the method's choice: each a model as recipes name one. */
  models?: Readonly<Record<string, string>>;
}

/** The source of a method. */
export interface Paper {
  title: string;
  year: number;
  /** arXiv number or address. */
  source: string;
}

/** A method as it is written down. `Config` is what the schema makes of a stage's own keys. */
export interface MethodDefinition<Schema extends z.ZodObject = z.ZodObject> {
  /** Name in recipes: lower case, words joined by hyphens. */
  name: string;
  /** One line for people. */
  title: string;
  paper?: Paper;
  /** Its own keys in a stage; keys that every stage has are the recipe's. */
  config: Schema;
  /** Values that differ from the schema's defaults: what makes a preset of a method. */
  defaults?: Partial<z.input<Schema>>;
  /** Dotted keys of `config` that name models: folders that a recipe file names there are taken from the file's folder. */
  modelKeys?: readonly string[];
  needs?(config: z.output<Schema>): MethodNeeds;
  create(config: z.output<Schema>, context: MethodContext): MethodInstance;
}

/** A method whose config type is known to itself only. */
export interface Method {
  name: string;
  title: string;
  paper?: Paper;
  config: z.ZodObject;
  defaults: Record<string, unknown>;
  modelKeys?: readonly string[];
  needs(config: unknown): MethodNeeds;
  /** `config` must come from this method's schema. */
  create(config: unknown, context: MethodContext): MethodInstance;
}

/** Methods by the names recipes call them. */
export type MethodTable = Readonly<Record<string, Method>>;

/** Makes a method known to recipes. The config that `create` gets is always what the schema returned. */
export function defineMethod<Schema extends z.ZodObject>(definition: MethodDefinition<Schema>): Method {
  const { needs } = definition;
  return {
    name: definition.name,
    title: definition.title,
    paper: definition.paper,
    config: definition.config,
    defaults: { ...definition.defaults },
    modelKeys: definition.modelKeys,
    needs: (config) => needs?.(config as z.output<Schema>) ?? {},
    create: (config, context) => definition.create(config as z.output<Schema>, context),
  };
}

/** The same method under another name with other defaults: presets are data. */
export function definePreset(
  method: Method,
  preset: { name: string; title: string; paper?: Paper; defaults: Record<string, unknown> },
): Method {
  const unknown = Object.keys(preset.defaults).filter((key) => !(key in method.config.shape));
  if (unknown.length > 0)
    throw new Error(`preset ${preset.name}: ${method.name} has no ${unknown.join(', ')}`);
  return { ...method, ...preset, defaults: { ...method.defaults, ...preset.defaults } };
}

/** A table of methods by name. Throws when two share one. */
export function methodTable(methods: readonly Method[]): MethodTable {
  const table: Record<string, Method> = {};
  for (const method of methods) {
    if (method.name in table) throw new Error(`two methods are named ${method.name}`);
    table[method.name] = method;
  }
  return table;
}
