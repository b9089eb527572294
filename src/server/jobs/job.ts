/** What a job is: as kept, and as clients see it. */
import { z } from '@hono/zod-openapi';
import type { JobMethod } from './method-schema.ts';

export const JOB_STATUSES = [
  'validating_files',
  'queued',
  'running',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const metadataSchema = z
  .record(z.string().max(64), z.string().max(512))
  .refine((pairs) => Object.keys(pairs).length <= 16, 'expected at most 16 pairs');

const wandbSchema = z.strictObject({
  type: z.literal('wandb'),
  wandb: z.strictObject({
    project: z.string(),
    name: z.string().nullable().optional(),
    entity: z.string().nullable().optional(),
    tags: z.array(z.string()).optional(),
  }),
});

export const integrationsSchema = z.array(wandbSchema).max(5);

const errorSchema = z.object({ code: z.string(), message: z.string(), param: z.string().nullable() });

export const jobSchema = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job'),
    created_at: z.int(),
    finished_at: z.int().nullable(),
    model: z.string(),
    fine_tuned_model: z.string().nullable(),
    organization_id: z.string(),
    status: z.enum(JOB_STATUSES),
    training_file: z.string(),
    validation_file: z.string().nullable(),
    result_files: z.array(z.string()),
    trained_tokens: z.int().nullable(),
    error: errorSchema.nullable(),
    hyperparameters: z.record(z.string(), z.unknown()),
    seed: z.int(),
    estimated_finish: z.int().nullable(),
    integrations: integrationsSchema.nullable(),
    metadata: metadataSchema.nullable(),
    method: z.record(z.string(), z.unknown()),
    user_provided_suffix: z.string().nullable(),
  })
  .openapi('FineTuningJob');

export type JobObject = z.infer<typeof jobSchema>;

/** A job as kept. */
export interface Job extends Omit<JobObject, 'object' | 'hyperparameters' | 'method' | 'organization_id'> {
  method: JobMethod;
  /** Number of the worker that last took it up, so that what an earlier one says late is not believed. */
  sitting: number;
}

/** States that a job never leaves. */
export const isOver = ({ status }: Pick<Job, 'status'>) =>
  status === 'succeeded' || status === 'failed' || status === 'cancelled';

/** The organisation in names of models and in jobs: there is one. */
export const ORGANISATION = 'burnish';

/** A job as clients see it. */
export function jobObject({ sitting: _, ...job }: Job): JobObject {
  const { method } = job;
  return {
    ...job,
    object: 'fine_tuning.job',
    organization_id: ORGANISATION,
    hyperparameters: method.type === 'supervised' ? method.supervised.hyperparameters : {},
  };
}

export const eventSchema = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job.event'),
    created_at: z.int(),
    level: z.enum(['info', 'warn', 'error']),
    message: z.string(),
    type: z.enum(['message', 'metrics']),
    data: z.record(z.string(), z.unknown()),
  })
  .openapi('FineTuningJobEvent');

export type JobEvent = z.infer<typeof eventSchema>;

export const checkpointSchema = z
  .object({
    id: z.string(),
    object: z.literal('fine_tuning.job.checkpoint'),
    created_at: z.int(),
    fine_tuning_job_id: z.string(),
    fine_tuned_model_checkpoint: z.string(),
    step_number: z.int(),
    metrics: z.record(z.string(), z.number()),
  })
  .openapi('FineTuningJobCheckpoint');

export type Checkpoint = z.infer<typeof checkpointSchema>;
