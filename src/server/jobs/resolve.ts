/** From a job's hyperparameters to numbers and a recipe: what `auto` means, and what the multipliers multiply. */
import type { RecipeInput } from '../../training/index.ts';
import type { Job } from './job.ts';
import { burnishOf, hyperparametersOf, type JobMethod } from './method-schema.ts';

/** What the defaults depend on. */
export interface DatasetFacts {
  /** Training examples or prompts. */
  items: number;
  validationItems: number;
  hiddenSize: number;
  /** Longest prompt, tokens. */
  longestPrompt: number;
  maxPositions: number;
  vocabSize: number;
}

/** Completions a prompt at compute_multiplier 1. */
const BASE_GROUP = 8;
const MOST_GROUP = 64;
/** Steps that `auto` epochs aim at: small files are gone over more often. */
const AIMED_STEPS = { supervised: 100, dpo: 50, reinforcement: 40, traffic: 40 };
const MOST_EPOCHS = 50;
const STANDARD_BATCH = 16;
/** Learning rate at width 128; wider models take smaller steps, by the power 1.5 of the width. */
const BASE_RATE = { supervised: 1e-3, dpo: 3e-4, reinforcement: 3e-4, traffic: 3e-4 };
/** Adapters learn at a higher rate than whole models. */
const ADAPTER_FACTOR = 5;
const STANDARD_BETA = 0.1;
const STANDARD_COMPLETION = 256;

const METHODS = { supervised: 'supervised', dpo: 'dpo', reinforcement: 'grpo', traffic: 'traffic' };
/** Least `auto` epochs: what is sampled anew, or grows old, is gone over once. */
const LEAST_EPOCHS = { supervised: 3, dpo: 3, reinforcement: 1, traffic: 1 };

/** A number, or what `auto` comes to. */
const or = (value: number | 'auto', auto: () => number) => (value === 'auto' ? auto() : value);
const clamp = (x: number, low: number, high: number) => Math.max(low, Math.min(high, x));

/** The method with every `auto` as a number. */
export function resolveMethod(method: JobMethod, facts: DatasetFacts): JobMethod {
  const resolved = structuredClone(method);
  const { type } = resolved;
  const given = hyperparametersOf(resolved);
  given.batch_size = or(given.batch_size, () => clamp(facts.items, 1, STANDARD_BATCH));
  const stepsAnEpoch = Math.ceil(facts.items / given.batch_size);
  given.n_epochs = or(given.n_epochs, () =>
    clamp(Math.round(AIMED_STEPS[type] / stepsAnEpoch), LEAST_EPOCHS[type], MOST_EPOCHS),
  );
  given.learning_rate_multiplier = or(given.learning_rate_multiplier, () => 1);
  if (resolved.type === 'dpo') {
    const own = resolved.dpo.hyperparameters;
    own.beta = or(own.beta, () => STANDARD_BETA);
  }
  if (resolved.type === 'reinforcement') {
    const own = resolved.reinforcement.hyperparameters;
    own.compute_multiplier = or(own.compute_multiplier, () => 1);
    own.eval_samples = or(own.eval_samples, () => 1);
    own.eval_interval = or(own.eval_interval, () => Math.max(1, Math.round(totalSteps(resolved, facts) / 5)));
  }
  return resolved;
}

/** Steps of a resolved method. */
export function totalSteps(method: JobMethod, { items }: Pick<DatasetFacts, 'items'>): number {
  const { n_epochs: epochs, batch_size: batch } = hyperparametersOf(method);
  return burnishOf(method).max_steps ?? Math.ceil(Number(epochs) * Math.ceil(items / Number(batch)));
}

function learningRate(method: JobMethod, hiddenSize: number): number {
  const width = Math.min(1, (128 / hiddenSize) ** 1.5);
  const adapters = burnishOf(method).lora === undefined ? 1 : ADAPTER_FACTOR;
  return (
    BASE_RATE[method.type] * width * adapters * Number(hyperparametersOf(method).learning_rate_multiplier)
  );
}

/** Keys of the stage that the hyperparameters come to. */
function stageOf(method: JobMethod, facts: DatasetFacts): RecipeInput['stages'][number] {
  const { method: name = METHODS[method.type], stage = {} } = burnishOf(method);
  const batch = Number(hyperparametersOf(method).batch_size);
  const own =
    method.type === 'reinforcement'
      ? {
          promptsPerStep: batch,
          groupSize: clamp(
            Math.round(BASE_GROUP * Number(method.reinforcement.hyperparameters.compute_multiplier)),
            2,
            MOST_GROUP,
          ),
        }
      : method.type === 'dpo'
        ? { batchSize: batch, beta: Number(method.dpo.hyperparameters.beta) }
        : name === 'supervised'
          ? { batchSize: batch, accuracy: true }
          : { batchSize: batch };
  return {
    method: name,
    name: method.type,
    steps: totalSteps(method, facts),
    learningRate: learningRate(method, facts.hiddenSize),
    schedule: 'cosine',
    warmupFraction: 0.05,
    ...own,
    ...stage,
  };
}

/** The recipe of a job whose method is resolved. `modelFolder`: the Hugging Face folder to start from. */
export function recipeOf(
  job: Pick<Job, 'id' | 'seed' | 'method'>,
  modelFolder: string,
  facts: DatasetFacts,
): RecipeInput {
  const { method } = job;
  const options = burnishOf(method);
  const steps = totalSteps(method, facts);
  const room = facts.maxPositions - facts.longestPrompt;
  const every =
    method.type === 'reinforcement'
      ? Number(method.reinforcement.hyperparameters.eval_interval)
      : Math.max(1, Math.ceil(steps / Math.max(1, Number(hyperparametersOf(method).n_epochs))));
  return {
    name: job.id,
    model: modelFolder,
    ...(options.lora === undefined ? {} : { lora: options.lora }),
    environment: { name: 'dataset' },
    seed: job.seed,
    sampling: {
      maxTokens: Math.max(1, Math.min(room, options.max_completion_tokens ?? STANDARD_COMPLETION)),
      temperature: options.temperature ?? 1,
    },
    stages: [stageOf(method, facts)],
    evaluation: {
      split: facts.validationItems > 0 ? 'validation' : 'train',
      // Kept conversations are not sampled anew: there is nothing to measure.
      ...(method.type === 'traffic' ? { tasks: 1, maxTokens: 1 } : { tasks: options.eval_items ?? 128 }),
      samples:
        method.type === 'reinforcement' ? Number(method.reinforcement.hyperparameters.eval_samples) : 1,
      temperature: method.type === 'reinforcement' ? (options.temperature ?? 1) : 0,
      every,
      selectBy: 'meanScore',
      examples: 8,
    },
    snapshots: { every: Math.max(1, Math.min(10, Math.ceil(steps / 10))), keep: 2 },
    export: facts.validationItems > 0 && method.type === 'reinforcement' ? 'best' : 'last',
    trajectories: 8,
  };
}
