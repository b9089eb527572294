/** Traffic: learn from conversations that were sampled earlier, by what they turned out to be worth. */
import { z } from 'zod';
import { cispo } from '../../objectives/index.ts';
import { defineMethod, type Row, rowsToBatch } from '../../training/index.ts';
import type { Task } from '../../types/index.ts';
import { updateOptions } from '../shared/options.ts';

/** One turn as it was sampled: token ids and the log-probabilities of the distribution they were drawn from. */
export interface SampledTurn {
  prompt: readonly number[];
  tokens: readonly number[];
  /** Nats, one a token. */
  logprobs: readonly number[];
}

/** What a task of traffic holds: a conversation's turns and its reward. */
export interface TrafficData {
  turns: readonly SampledTurn[];
  reward: number;
  /** Conversations of the same name began with the same prompt: they are compared with each other. */
  group: string;
}

export const trafficConfig = z.strictObject({
  /** Conversations a step. */
  batchSize: z.int().min(1).default(16),
  /** Longer turns (prompt and reply, tokens) are left out and counted. */
  maxLength: z.int().min(2).optional(),
  /** Largest importance ratio: what the present policy would rather say now counts at most so many times. */
  ratioMost: z.number().min(1).default(2),
  aggregation: updateOptions.aggregation,
});

/** Mean rewards by group over the whole training split; groups of one are compared with all. */
export function baselines(tasks: readonly TrafficData[]): (data: TrafficData) => number {
  const sums = new Map<string, { count: number; total: number }>();
  let all = 0;
  for (const { group, reward } of tasks) {
    const sum = sums.get(group) ?? { count: 0, total: 0 };
    sums.set(group, { count: sum.count + 1, total: sum.total + reward });
    all += reward;
  }
  const mean = all / tasks.length;
  return ({ group }) => {
    const sum = sums.get(group);
    return sum === undefined || sum.count < 2 ? mean : sum.total / sum.count;
  };
}

/** Rows of a conversation: a turn each, the loss on what the model said. */
export function rowsOf({ turns }: TrafficData, advantage: number): Row[] {
  return turns.map(({ prompt, tokens, logprobs }) => {
    const length = prompt.length + tokens.length;
    const old = new Float32Array(length);
    old.set(logprobs, prompt.length);
    return {
      tokens: [...prompt, ...tokens],
      mask: new Uint8Array(length).fill(1, prompt.length),
      data: { advantages: new Float32Array(length).fill(advantage, prompt.length), oldLogprobs: old },
    };
  });
}

/**
 * Policy gradient on conversations of any earlier policy: each token counts by its importance ratio, cut from above, which
 * is not differentiated (CISPO, MiniMax 2025, eq. 4-5). The advantage is the reward less the mean of conversations that
 * began alike.
 */
export const traffic = defineMethod({
  name: 'traffic',
  title: 'Learning from kept conversations',
  config: trafficConfig,
  create(config, { curriculum, environment }) {
    const { batchSize, maxLength, ratioMost, aggregation } = config;
    const objective = cispo({ clipHigh: ratioMost - 1 });
    const size = environment.size('train');
    const dataAt = (index: number) => (environment.task('train', index) as Task<TrafficData>).data;
    const baselineOf = baselines(Array.from({ length: size }, (_, i) => dataAt(i)));
    return {
      async step({ step, signal }) {
        signal.throwIfAborted();
        const chosen = curriculum.next(batchSize, step).map(dataAt);
        const rows = chosen.flatMap((data) => rowsOf(data, data.reward - baselineOf(data)));
        const short = rows.filter((row) => row.tokens.length <= (maxLength ?? Infinity));
        const batch = rowsToBatch(short, { aggregation, maxLength });
        return {
          updates: batch === undefined ? [] : [{ batch, objective }],
          metrics: {
            'reward.mean': chosen.reduce((sum, { reward }) => sum + reward, 0) / chosen.length,
            'turns.skipped': rows.length - short.length,
          },
        };
      },
      stepsForEpochs: (epochs) => Math.ceil((epochs * size) / batchSize),
      state: () => null,
      restore: () => undefined,
    };
  },
});
