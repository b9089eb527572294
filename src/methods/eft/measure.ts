/** What the reproduction of EFT measures of a model: helpfulness and factuality of its answers, and how near it is to the real thing. */
import type { FrozenEngine } from '../../engine/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import { evaluate } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';

export interface MeasureOptions {
  engine: FrozenEngine;
  tokenizer: Tokenizer;
  environment: Environment;
  /** Answers a question. */
  samples: number;
  maxTokens: number;
  seed: number;
  signal?: AbortSignal;
}

/** Shares of sampled answers that are `helpful`, `factual` and `verbose`; their mean length; and the answers themselves. */
export async function measureAnswers({ samples, maxTokens, environment, ...options }: MeasureOptions) {
  const { summary, groups } = await evaluate({
    ...options,
    environment,
    split: 'test',
    tasks: environment.size('test'),
    samples,
    sampling: { maxTokens, temperature: 1 },
  });
  const { helpful, factual, verbose } = summary.parts;
  const trajectories = groups.flatMap((group) => group.trajectories);
  return { metrics: { helpful, factual, verbose, length: summary.lengthMean }, trajectories };
}

/** KL(p || q) in nats a token, estimated on what p sampled: sequences, with the number of tokens that were given. */
export async function divergenceFrom(
  sampled: readonly { tokens: readonly number[]; promptLength: number }[],
  p: FrozenEngine,
  q: FrozenEngine,
): Promise<number> {
  const sequences = sampled.map(({ tokens }) => tokens);
  const [ours, theirs] = [await p.forward(sequences), await q.forward(sequences)];
  let sum = 0;
  let tokens = 0;
  sampled.forEach(({ promptLength }, i) => {
    for (let t = promptLength; t < sequences[i].length; t++) {
      sum += ours.logprobs[i][t] - theirs.logprobs[i][t];
      tokens++;
    }
  });
  return sum / tokens;
}
