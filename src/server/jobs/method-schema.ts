/** How a job learns, as the request says it: supervised, dpo or reinforcement, each with its hyperparameters. */
import { z } from '@hono/zod-openapi';
import { graderSchema } from '../../graders/openai/index.ts';
import type { JsonFormat } from '../inference/grammar.ts';

const auto = <Schema extends z.ZodType>(schema: Schema) =>
  z.union([z.literal('auto'), schema]).default('auto');

const common = {
  n_epochs: auto(z.int().min(1).max(50)),
  batch_size: auto(z.int().min(1).max(256)),
  learning_rate_multiplier: auto(z.number().gt(0)),
};
export const supervisedHyperparameters = z.strictObject(common);
const dpoHyperparameters = z.strictObject({ ...common, beta: auto(z.number().gt(0).max(2)) });
const reinforcementHyperparameters = z.strictObject({
  ...common,
  compute_multiplier: auto(z.number().gt(0.00001).max(10)),
  eval_interval: auto(z.int().min(1)),
  eval_samples: auto(z.int().min(1)),
  reasoning_effort: z.enum(['default', 'low', 'medium', 'high']).default('default'),
});

/**
 * What Burnish can do beyond the API: any of its methods by name, any key of its stage, and how long completions are.
 * The keys of the stage are those of recipes; they go over what the hyperparameters come to.
 */
export const burnishSchema = z
  .strictObject({
    /** A method of Burnish, such as `gspo`. */
    method: z.string().optional(),
    /** Keys of the recipe's stage, such as `groupSize`. */
    stage: z.record(z.string(), z.unknown()).optional(),
    /** Most tokens of a sampled completion. */
    max_completion_tokens: z.int().min(1).optional(),
    temperature: z.number().gt(0).max(2).optional(),
    /** Steps, instead of what the epochs come to. */
    max_steps: z.int().min(1).optional(),
    /** Most validation items of an evaluation. */
    eval_items: z.int().min(1).optional(),
    lora: z
      .strictObject({
        rank: z.int().min(1),
        alpha: z.number().gt(0),
        targets: z.array(z.string()).optional(),
      })
      .optional(),
    /** Alias that stands for the job's latest checkpoint as soon as there is one, and for its model in the end. */
    serve_as: z.string().optional(),
    /** What becomes of answers that could not be graded: graded again and then left out, left out, or scored 0. */
    failed_grades: z.enum(['retry', 'drop', 'zero']).optional(),
  })
  .openapi('BurnishOptions');

export type BurnishOptions = z.infer<typeof burnishSchema>;

export const responseFormatSchema = z.strictObject({
  type: z.literal('json_schema'),
  json_schema: z.strictObject({
    name: z.string().regex(/^[\w-]{1,64}$/),
    description: z.string().optional(),
    schema: z.record(z.string(), z.unknown()),
    strict: z.boolean().nullable().optional(),
  }),
});

/** Where a request says it. */
export const FORMAT_PARAM = 'method.reinforcement.response_format.json_schema.schema';

/** What sampled outputs have to be; null: anything. */
export function outputFormat(
  format: z.infer<typeof responseFormatSchema> | null | undefined,
): (JsonFormat & { kind: 'schema' }) | null {
  if (format == null) return null;
  const { schema, strict } = format.json_schema;
  return { kind: 'schema', schema, strict: strict ?? false };
}

const supervised = z.strictObject({
  hyperparameters: supervisedHyperparameters.prefault({}),
  burnish: burnishSchema.optional(),
});
const dpo = z.strictObject({
  hyperparameters: dpoHyperparameters.prefault({}),
  burnish: burnishSchema.optional(),
});
/** Ours: learn from kept chats that have rewards. */
const traffic = z.strictObject({
  /** Which chats; those that the job's model has answered unless given. */
  filter: z
    .strictObject({
      model: z.string().optional(),
      metadata: z.record(z.string(), z.string()).optional(),
      /** Seconds since 1970. */
      since: z.int().min(0).optional(),
    })
    .prefault({}),
  hyperparameters: supervisedHyperparameters.prefault({}),
  burnish: burnishSchema.optional(),
});
const reinforcement = z.strictObject({
  grader: graderSchema,
  hyperparameters: reinforcementHyperparameters.prefault({}),
  response_format: responseFormatSchema.nullable().optional(),
  burnish: burnishSchema.optional(),
});

export const methodSchema = z
  .discriminatedUnion('type', [
    z.strictObject({ type: z.literal('supervised'), supervised: supervised.prefault({}) }),
    z.strictObject({ type: z.literal('dpo'), dpo: dpo.prefault({}) }),
    z.strictObject({ type: z.literal('reinforcement'), reinforcement }),
    z.strictObject({ type: z.literal('traffic'), traffic: traffic.prefault({}) }),
  ])
  .openapi('FineTuneMethod');

export type JobMethod = z.infer<typeof methodSchema>;

/** The hyperparameters of a method, whatever it is. */
export function hyperparametersOf(method: JobMethod) {
  switch (method.type) {
    case 'supervised':
      return method.supervised.hyperparameters;
    case 'dpo':
      return method.dpo.hyperparameters;
    case 'reinforcement':
      return method.reinforcement.hyperparameters;
    case 'traffic':
      return method.traffic.hyperparameters;
  }
}

/** Burnish's own options of a method. */
export function burnishOf(method: JobMethod): BurnishOptions {
  switch (method.type) {
    case 'supervised':
      return method.supervised.burnish ?? {};
    case 'dpo':
      return method.dpo.burnish ?? {};
    case 'reinforcement':
      return method.reinforcement.burnish ?? {};
    case 'traffic':
      return method.traffic.burnish ?? {};
  }
}
