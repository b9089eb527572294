/** How well weights foretell worked completions, token by token. */
import type { FrozenEngine } from '../../engine/index.ts';
import { supervisedRow } from '../../methods/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import type { Task } from '../../types/index.ts';

export interface TokenFigures {
  /** Mean negative log-probability, nats a token. */
  loss: number;
  /** Share of tokens that are the likeliest at their places. */
  accuracy: number;
}

/** Figures over all tokens of the tasks' completions, end tokens included; at least one task. */
export async function tokenFigures(
  engine: FrozenEngine,
  tokenizer: Tokenizer,
  tasks: readonly Task[],
): Promise<TokenFigures> {
  const rows = tasks.map((task) => supervisedRow(task, tokenizer));
  const { logprobs, likeliest = [] } = await engine.forward(
    rows.map(({ tokens }) => tokens),
    { likeliest: true },
  );
  let [count, loss, hits] = [0, 0, 0];
  rows.forEach(({ mask }, i) => {
    for (let t = 0; t < mask.length; t++) {
      if (mask[t] === 0) continue;
      count++;
      loss -= logprobs[i][t];
      hits += likeliest[i][t];
    }
  });
  return { loss: loss / count, accuracy: hits / count };
}
