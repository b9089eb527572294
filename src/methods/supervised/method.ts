/** Supervised training: imitate worked completions, the end-of-sequence token included. */
import { z } from 'zod';
import { crossEntropy } from '../../objectives/index.ts';
import { renderPrompt } from '../../rollout/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import { defineMethod, type Row, rowsToBatch } from '../../training/index.ts';
import type { Task } from '../../types/index.ts';
import { updateOptions } from '../shared/options.ts';

export const supervisedConfig = z.strictObject({
  /** Examples a step. */
  batchSize: z.int().min(1).default(32),
  /** Longer examples (prompt and completion, tokens) are left out and counted. */
  maxLength: z.int().min(2).optional(),
  aggregation: updateOptions.aggregation.unwrap().default('token-mean'),
});

/** Prompt, completion and end token of a task; the loss looks at the last two. Throws when it has no completion. */
export function supervisedRow(task: Task, tokenizer: Tokenizer): Row {
  if (task.completion === undefined)
    throw new Error(`task ${task.id}: it has no completion, expected a worked one for supervised training`);
  const prompt = renderPrompt(task, tokenizer);
  const tokens = [...prompt, ...tokenizer.encode(task.completion), tokenizer.eosId];
  return { tokens, mask: new Uint8Array(tokens.length).fill(1, prompt.length), data: {} };
}

/** Rows of the tasks that are short enough, and how many are not. Throws as `supervisedRow` does. */
export function exampleRows(
  tasks: readonly Task[],
  tokenizer: Tokenizer,
  maxLength = Number.POSITIVE_INFINITY,
): { rows: Row[]; skipped: number } {
  const rows = tasks.map((task) => supervisedRow(task, tokenizer));
  const short = rows.filter((row) => row.tokens.length <= maxLength);
  return { rows: short, skipped: rows.length - short.length };
}

export const supervised = defineMethod({
  name: 'supervised',
  title: 'Supervised training on worked completions',
  config: supervisedConfig.extend({
    /** Report the share of tokens that the model would have chosen itself, as `accuracy`. */
    accuracy: z.boolean().default(false),
  }),
  create(config, { curriculum, environment, tokenizer }) {
    const objective = crossEntropy({ accuracy: config.accuracy });
    return {
      async step({ step, signal }) {
        signal.throwIfAborted();
        const indices = curriculum.next(config.batchSize, step);
        const { maxLength, aggregation } = config;
        const tasks = indices.map((index) => environment.task('train', index));
        const { rows, skipped } = exampleRows(tasks, tokenizer, maxLength);
        const batch = rowsToBatch(rows, { aggregation, maxLength });
        return {
          updates: batch === undefined ? [] : [{ batch, objective }],
          metrics: { 'examples.skipped': skipped },
        };
      },
      stepsForEpochs(epochs) {
        const size = environment.size('train');
        if (size === Infinity)
          throw new Error(
            `epochs is ${epochs}, but ${environment.name} has no end; expected steps or seconds`,
          );
        return Math.ceil((epochs * size) / config.batchSize);
      },
      state: () => null,
      restore: () => undefined,
    };
  },
});
