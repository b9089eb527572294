/** Tables of the run store as drizzle sees them; `migrations.ts` holds the statements that make them. */
import { integer, primaryKey, real, sqliteTable, text } from 'drizzle-orm/sqlite-core';
import type { RunStatus } from './types.ts';

export const schemaVersion = sqliteTable('schema_version', {
  version: integer('version').primaryKey(),
  appliedAt: text('applied_at').notNull(),
});

export const runs = sqliteTable('runs', {
  id: text('id').primaryKey(),
  name: text('name').notNull(),
  method: text('method').notNull(),
  status: text('status').$type<RunStatus>().notNull(),
  config: text('config', { mode: 'json' }).$type<unknown>(),
  seed: integer('seed').notNull(),
  folder: text('folder').notNull(),
  createdAt: text('created_at').notNull(),
  updatedAt: text('updated_at').notNull(),
  summary: text('summary', { mode: 'json' }).$type<unknown>(),
  error: text('error'),
});

export const events = sqliteTable(
  'events',
  {
    runId: text('run_id').notNull(),
    sequence: integer('sequence').notNull(),
    step: integer('step').notNull(),
    type: text('type').notNull(),
    time: text('time').notNull(),
    data: text('data', { mode: 'json' }).$type<unknown>(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.sequence] })],
);

export const metrics = sqliteTable(
  'metrics',
  {
    runId: text('run_id').notNull(),
    name: text('name').notNull(),
    step: integer('step').notNull(),
    /** Null when the value is not finite; `nonFinite` then says which it is. */
    value: real('value'),
    nonFinite: text('non_finite').$type<'NaN' | 'Infinity' | '-Infinity'>(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.name, table.step] })],
);

export const trajectories = sqliteTable(
  'trajectories',
  {
    runId: text('run_id').notNull(),
    step: integer('step').notNull(),
    split: text('split').notNull(),
    position: integer('position').notNull(),
    taskId: text('task_id').notNull(),
    prompt: text('prompt').notNull(),
    completion: text('completion').notNull(),
    score: real('score'),
    status: text('status').notNull(),
    advantage: real('advantage'),
    tokens: text('tokens', { mode: 'json' }).$type<number[]>(),
    logprobs: text('logprobs', { mode: 'json' }).$type<(number | null)[]>(),
    parts: text('parts', { mode: 'json' }).$type<unknown>(),
  },
  (table) => [primaryKey({ columns: [table.runId, table.step, table.split, table.position] })],
);
