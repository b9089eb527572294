/** What a recipe is: one JSON document that says everything a run does. */
import { z } from 'zod';
import type { modelConfigSchema } from '../nn/index.ts';
import type { MethodNeeds, MethodTable } from './method.ts';
import { describeIssues, RecipeError, unknownWord } from './recipe-errors.ts';

const count = z.int().min(1);
const split = z.enum(['train', 'validation', 'test']);

/** How completions are drawn. */
export const samplingSchema = z.strictObject({
  /** Most tokens a completion may have. */
  maxTokens: count.default(64),
  /** 0 picks the likeliest token; 1 samples the model's own distribution. */
  temperature: z.number().min(0).default(1),
  topK: count.optional(),
  topP: z.number().gt(0).max(1).optional(),
  minP: z.number().min(0).max(1).optional(),
  /** Strings that end a completion. */
  stop: z.array(z.string().min(1)).optional(),
});

/** Which tasks are held out, how they are tried, and how often. */
export const evaluationSchema = z.strictObject({
  split: split.default('validation'),
  /** Number of tasks, spread evenly over the split; all of a smaller split. */
  tasks: count.default(200),
  /** Attempts a task; pass@k is reported for the powers of two up to it. */
  samples: count.default(1),
  temperature: z.number().min(0).default(1),
  /** Most tokens an attempt may have; the recipe's sampling setting unless given. */
  maxTokens: count.optional(),
  /** A score of at least this passes. */
  passThreshold: z.number().gt(0).max(1).default(1),
  /** Steps between evaluations; 0: only at the start and at the end of each stage. */
  every: z.int().min(0).default(0),
  /** What makes a model the best one. */
  selectBy: z.enum(['passAt1', 'meanScore']).default('passAt1'),
  /** Attempts of each evaluation that are kept with the run. */
  examples: z.int().min(0).default(20),
});

/** A second held-out measurement, of the model before training and of the one that is kept, to report. */
export const reportSchema = z.strictObject({
  split: split.default('test'),
  tasks: count.default(500),
  samples: count.default(1),
});

export const snapshotsSchema = z.strictObject({
  /** Steps between snapshots; 0: only where a stage ends, a model is the best so far, or the run is stopped. */
  every: z.int().min(0).default(50),
  /** Newest snapshots kept, besides the best one. */
  keep: count.default(2),
});

/** What every stage has, whatever its method. */
export const stageSchema = z.strictObject({
  method: z.string(),
  /** Shown to people; the method's name unless given. */
  name: z.string().min(1).optional(),
  /** Give one of steps, epochs and seconds: where the stage ends. */
  steps: z.int().min(0).optional(),
  epochs: z.number().gt(0).optional(),
  /** Wall time of the stage. Such a stage is not the same twice. */
  seconds: z.number().gt(0).optional(),
  learningRate: z.number().gt(0).default(1e-3),
  schedule: z.enum(['constant', 'linear', 'cosine']).default('constant'),
  /** Give one of warmupSteps and warmupFraction, or neither. */
  warmupSteps: z.int().min(0).optional(),
  warmupFraction: z.number().min(0).max(1).optional(),
  /** Learning rate at the end as a share of the full one. */
  floor: z.number().min(0).max(1).default(0),
  beta1: z.number().min(0).lt(1).optional(),
  beta2: z.number().min(0).lt(1).optional(),
  epsilon: z.number().gt(0).optional(),
  weightDecay: z.number().min(0).default(0),
  /** Gradients are scaled down to this global norm; 0: never. */
  maxGradNorm: z.number().min(0).default(1),
  curriculum: z.enum(['shuffled', 'sequential']).default('shuffled'),
});

const modelSchema = z.union([
  z.string().min(1),
  z.strictObject({
    /** Shape of a fresh model. What the tokenizer fixes (vocabulary, special tokens) is filled in from it. */
    config: z.looseObject({}),
    /** One token a symbol of the environment. */
    tokenizer: z.literal('symbols').default('symbols'),
  }),
]);

const loraSchema = z.strictObject({
  rank: count,
  alpha: z.number().gt(0),
  targets: z
    .array(z.string())
    .min(1)
    .default(['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj']),
});

/** What completions are decoded with; prompts are always read in float32, and learning is float32. */
const decodingSchema = z.strictObject({
  /** int8: weights and activations rounded to 8 bits, where the probabilities stay close enough to float32's. */
  precision: z.enum(['float32', 'int8']),
  /** int8 only: largest mean difference of a token's log-probability (nats) that is accepted. */
  largestGap: z.number().min(0).optional(),
});

export const recipeSchema = z.strictObject({
  name: z.string().regex(/^[\w.-]+$/, "expected letters, digits, '-', '_' and '.'"),
  /** Folder of a Hugging Face model, or the shape of a fresh one. */
  model: modelSchema,
  /** Trains low-rank adapters only. */
  lora: loraSchema.optional(),
  /** Keep less for the backward pass and compute it anew: less memory, more time. */
  recompute: z.boolean().optional(),
  /** Precision of decoding while sampling; see `decodingSchema`. */
  decoding: decodingSchema.optional(),
  /** A named environment with its options, or a file of tasks with the options of its reader. */
  environment: z
    .looseObject({ name: z.string().optional(), file: z.string().optional() })
    .refine((e) => (e.name === undefined) !== (e.file === undefined), 'expected one of name and file'),
  seed: z.int().min(0).default(0),
  stages: z.array(z.looseObject({ method: z.string() })).min(1),
  sampling: samplingSchema.prefault({}),
  evaluation: evaluationSchema.prefault({}),
  report: reportSchema.optional(),
  snapshots: snapshotsSchema.prefault({}),
  /** Which weights are exported to `model/` at the end. */
  export: z.enum(['best', 'last']).default('best'),
  /** Attempts of each step that are kept with the run. */
  trajectories: z.int().min(0).default(8),
});

/** A stage as parsed: what every stage has, and its method's own keys beside them. */
export type Stage = z.output<typeof stageSchema> & { name: string } & Record<string, unknown>;

/** A recipe as written, defaults not filled in. */
export type RecipeInput = Omit<z.input<typeof recipeSchema>, 'stages' | 'model'> & {
  model: string | { config: Partial<z.input<typeof modelConfigSchema>>; tokenizer?: 'symbols' };
  stages: (z.input<typeof stageSchema> & Record<string, unknown>)[];
};

/** A recipe as parsed: every default filled in. It is plain JSON. */
export type Recipe = Omit<z.output<typeof recipeSchema>, 'stages'> & { stages: Stage[] };

/** For recipes in TypeScript: gives the editor the types. */
export function defineRecipe(recipe: RecipeInput): RecipeInput {
  return recipe;
}

const stageKeys = Object.keys(stageSchema.shape);

/** Whether the limits and the warm-up of a stage fit together; what is wrong, one line each. */
function stageProblems(stage: z.output<typeof stageSchema>, place: string): string[] {
  const problems: string[] = [];
  const limits = (['steps', 'epochs', 'seconds'] as const).filter((key) => stage[key] !== undefined);
  if (limits.length !== 1)
    problems.push(
      `${place}: ${limits.length === 0 ? 'no limit' : limits.join(' and ')} given: expected exactly one of steps, epochs and seconds`,
    );
  if (stage.warmupSteps !== undefined && stage.warmupFraction !== undefined)
    problems.push(`${place}: warmupSteps and warmupFraction given: expected one of them`);
  if (stage.warmupSteps !== undefined && stage.seconds !== undefined)
    problems.push(`${place}.warmupSteps: given with seconds: expected warmupFraction, a share of the time`);
  return problems;
}

/** Keys that every stage has, and the rest, which are the method's. */
function splitStage(stage: Record<string, unknown>) {
  const entries = Object.entries(stage);
  return {
    common: Object.fromEntries(entries.filter(([key]) => stageKeys.includes(key))),
    own: Object.fromEntries(entries.filter(([key]) => !stageKeys.includes(key))),
  };
}

/** The config of a parsed stage's method. */
export function methodConfig(stage: Stage, methods: MethodTable): unknown {
  return methods[stage.method].config.parse(splitStage(stage).own);
}

function parseStage(
  input: Record<string, unknown>,
  index: number,
  methods: MethodTable,
  problems: string[],
): Stage | undefined {
  const at = ['stages', index];
  const name = String(input.method);
  if (!Object.hasOwn(methods, name)) {
    problems.push(`${at.join('.')}.method: ${unknownWord('method', name, Object.keys(methods))}`);
    return undefined;
  }
  const method = methods[name];
  const { common, own } = splitStage(input);
  const stage = stageSchema.safeParse(common);
  if (!stage.success) problems.push(...describeIssues(stage.error.issues, stageSchema, common, { at }));
  else problems.push(...stageProblems(stage.data, at.join('.')));
  const config = method.config.strict().safeParse({ ...method.defaults, ...own });
  if (!config.success)
    problems.push(
      ...describeIssues(config.error.issues, method.config, own, {
        at,
        alsoKnown: stageKeys,
      }),
    );
  if (!stage.success || !config.success) return undefined;
  return { ...config.data, ...stage.data, name: stage.data.name ?? method.name };
}

/**
 * Checks a recipe and fills in its defaults. Throws a `RecipeError` that lists every problem with its path, what was
 * given and what was expected; an unknown key comes with the known ones and the likeliest meant. A parsed recipe
 * may be parsed again.
 */
export function parseRecipe(input: unknown, methods: MethodTable): Recipe {
  const parsed = recipeSchema.safeParse(input);
  if (!parsed.success) throw new RecipeError(describeIssues(parsed.error.issues, recipeSchema, input));
  const problems: string[] = [];
  const stages = parsed.data.stages.map((stage, i) => parseStage(stage, i, methods, problems));
  if (problems.length > 0) throw new RecipeError(problems);
  return { ...parsed.data, stages: stages as Stage[] };
}

/** What the stages together ask of the engine. */
export function recipeNeeds(recipe: Recipe, methods: MethodTable): MethodNeeds {
  const needs = recipe.stages.map((stage) => methods[stage.method].needs(methodConfig(stage, methods)));
  return {
    reference: needs.some((one) => one.reference),
    valueHead: needs.some((one) => one.valueHead),
  };
}
