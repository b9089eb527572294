/** What objectives and callers may ask about tokens, computed over the vocabulary in pieces that fit in memory. */
import { headLogits, headValues, type Model } from '../../nn/index.ts';
import {
  checkpoint,
  concat,
  exp,
  greaterOrEqual,
  logSoftmax,
  max,
  mul,
  neg,
  reshape,
  slice,
  sum,
  type Tensor,
  takeAlong,
  tokenLogProb,
  where,
} from '../../tensor/index.ts';

/** One entry a token. */
export interface TokenScores {
  /** [M]: log-probabilities (nats). */
  logprobs: Tensor;
  /** [M]: entropy (nats) of the distribution. */
  entropy?: Tensor;
  /** [M]: 1 where the token is the likeliest, else 0. */
  likeliest?: Tensor;
  /** [M]: value head output. */
  values?: Tensor;
  /** [M, K]: log-probabilities of candidates. */
  candidates?: Tensor;
}

export interface ScoreInputs {
  /** [M, hiddenSize]: final hidden states of the tokens before. */
  hidden: Tensor;
  /** int32 [M]: the tokens. */
  next: Tensor;
  /** int32 [M, K]: candidates, when they are wanted. */
  candidates?: Tensor;
}

/** Logits of more than this are made in pieces. */
const PIECE_BYTES = 2 ** 25;

/** Scores of tokens. Where logits are made in pieces, a backward pass makes them anew instead of keeping them. */
export function scoreTokens(
  model: Model,
  { hidden, next, candidates }: ScoreInputs,
  want: { entropy?: boolean; values?: boolean; likeliest?: boolean },
  pieceBytes = PIECE_BYTES,
): TokenScores {
  const [tokens] = hidden.shape;
  const pieces = Math.ceil((tokens * model.config.vocabSize * 4) / pieceBytes);
  const rows = Math.ceil(tokens / pieces);
  const parts = Array.from({ length: Math.ceil(tokens / rows) }, (_, i) => {
    const cut = (x: Tensor) => (pieces === 1 ? x : slice(x, 0, i * rows, Math.min(tokens, (i + 1) * rows)));
    const [ids, chosen] = [cut(next), candidates && cut(candidates)];
    const piece = ([x]: readonly Tensor[]) => overVocabulary(model, x, ids, want, chosen);
    return pieces === 1 ? piece([hidden]) : checkpoint(piece, [cut(hidden)]);
  });
  const joined = parts[0].map((x, i) =>
    parts.length === 1
      ? x
      : concat(
          parts.map((part) => part[i]),
          0,
        ),
  );
  return {
    logprobs: joined[0],
    ...(want.entropy ? { entropy: joined[1] } : {}),
    ...(want.likeliest ? { likeliest: joined[want.entropy ? 2 : 1] } : {}),
    ...(candidates ? { candidates: joined[joined.length - 1] } : {}),
    ...(want.values ? { values: headValues(model, hidden) } : {}),
  };
}

/** Log-probabilities [M], then entropies [M] and likeliest [M] if wanted, then log-probabilities [M, K] of candidates if there are some. */
function overVocabulary(
  model: Model,
  hidden: Tensor,
  next: Tensor,
  { entropy, likeliest }: { entropy?: boolean; likeliest?: boolean },
  candidates: Tensor | undefined,
): Tensor[] {
  const logits = headLogits(model, hidden);
  const scores = [tokenLogProb(logits, next)];
  const hits = () => {
    const [tokens] = next.shape;
    const own = reshape(takeAlong(logits, reshape(next, [tokens, 1])), [tokens]);
    return where(greaterOrEqual(own, max(logits, -1)), 1, 0);
  };
  if (!entropy && !candidates) return likeliest ? [...scores, hits()] : scores;
  const all = logSoftmax(logits);
  if (entropy) scores.push(neg(sum(mul(exp(all), all), -1)));
  if (likeliest) scores.push(hits());
  if (candidates) scores.push(takeAlong(all, candidates));
  return scores;
}
