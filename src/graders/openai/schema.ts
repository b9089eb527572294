/** OpenAI's grader types, with their exact members, and Burnish's own beside them. */
import { z } from 'zod';

const name = z.string().min(1).max(64);
const role = z.enum(['user', 'assistant', 'system', 'developer']);

const part = z.union([
  z.string(),
  z.strictObject({ type: z.literal('input_text'), text: z.string() }),
  z.strictObject({ type: z.literal('output_text'), text: z.string() }),
  z.strictObject({ type: z.literal('input_image'), image_url: z.string(), detail: z.string().optional() }),
  z.strictObject({
    type: z.literal('input_audio'),
    input_audio: z.strictObject({ data: z.string(), format: z.enum(['mp3', 'wav']) }),
  }),
]);

const message = z.strictObject({
  role,
  content: z.union([z.string(), part, z.array(part).min(1)]),
  type: z.literal('message').optional(),
});

/** A message to a judge; texts are templates. */
export type JudgeMessage = z.infer<typeof message>;
export type JudgePart = z.infer<typeof part>;

const samplingParams = z.strictObject({
  temperature: z.number().min(0).max(2).nullable().optional(),
  top_p: z.number().min(0).max(1).nullable().optional(),
  seed: z.int().nullable().optional(),
  /** Spelled so in the API. */
  max_completions_tokens: z.int().min(1).nullable().optional(),
  reasoning_effort: z.string().nullable().optional(),
});
export type JudgeSampling = z.infer<typeof samplingParams>;

export const SIMILARITY_METRICS = [
  'fuzzy_match',
  'bleu',
  'gleu',
  'meteor',
  'cosine',
  'rouge_1',
  'rouge_2',
  'rouge_3',
  'rouge_4',
  'rouge_5',
  'rouge_l',
] as const;
export type SimilarityMetric = (typeof SIMILARITY_METRICS)[number];

const stringCheck = z.strictObject({
  type: z.literal('string_check'),
  name: name.default('string_check'),
  input: z.string(),
  reference: z.string(),
  /** `neq` is another spelling of `ne`. */
  operation: z.enum(['eq', 'ne', 'neq', 'like', 'ilike']),
});

const textSimilarity = z.strictObject({
  type: z.literal('text_similarity'),
  name: name.default('text_similarity'),
  input: z.string(),
  reference: z.string(),
  evaluation_metric: z.enum(SIMILARITY_METRICS),
  pass_threshold: z.number().optional(),
});

const scoreModel = z.strictObject({
  type: z.literal('score_model'),
  name: name.default('score_model'),
  model: z.string().min(1),
  input: z.array(message).min(1),
  range: z
    .tuple([z.number(), z.number()])
    .refine(([low, high]) => low < high, 'expected the lower end first')
    .default([0, 1]),
  sampling_params: samplingParams.optional(),
  pass_threshold: z.number().optional(),
});

const labelModel = z.strictObject({
  type: z.literal('label_model'),
  name: name.default('label_model'),
  model: z.string().min(1),
  input: z.array(message).min(1),
  labels: z.array(z.string().min(1)).min(1),
  passing_labels: z.array(z.string()).min(1),
  sampling_params: samplingParams.optional(),
});

const SOURCE_BYTES = 256 * 1024;
const source = z
  .string()
  .min(1)
  .refine((text) => Buffer.byteLength(text) < SOURCE_BYTES, 'expected less than 256 kB');

const python = z.strictObject({
  type: z.literal('python'),
  name: name.default('python'),
  source,
  image_tag: z.string().optional(),
});

/** Burnish's own: `function grade(sample, item) { return number }`. */
const javascript = z.strictObject({
  type: z.literal('javascript'),
  name: name.default('javascript'),
  source,
});

/** Burnish's own: POSTs `{sample, item}` and takes a number, or `{reward}`. */
const endpoint = z.strictObject({
  type: z.literal('endpoint'),
  name: name.default('endpoint'),
  url: z.url({ protocol: /^https?$/ }),
  headers: z.record(z.string(), z.string()).optional(),
});

const singles = [stringCheck, textSimilarity, scoreModel, labelModel, python, javascript, endpoint] as const;

export const singleGraderSchema = z.discriminatedUnion('type', singles);
export type SingleGrader = z.infer<typeof singleGraderSchema>;

const multi = z.strictObject({
  type: z.literal('multi'),
  name: name.default('multi'),
  /** By name, in a list, or a single one: all three are in use. */
  graders: z.union([
    z.record(z.string(), singleGraderSchema),
    z.array(singleGraderSchema).min(1),
    singleGraderSchema,
  ]),
  calculate_output: z.string().min(1).max(10_000),
});

/** Any grader as given. */
export const graderSchema = z.discriminatedUnion('type', [...singles, multi]);
export type GivenGrader = z.infer<typeof graderSchema>;

export type GraderOf<Type extends SingleGrader['type']> = Extract<SingleGrader, { type: Type }>;

/** A grader with sub-graders by name. */
export interface MultiGrader {
  type: 'multi';
  name: string;
  graders: Record<string, SingleGrader>;
  calculate_output: string;
}

/** Any grader in the one form that runs. */
export type OpenAIGrader = SingleGrader | MultiGrader;
