/** What an objective is: a pure function from what `forward` can return, and per-token data, to a scalar loss. */
import type { Tensor } from '../tensor/index.ts';

/** Traced arrays of B rows, a sequence each, padded to T tokens; entry [b,t] speaks of token t given the tokens before it. */
export interface ObjectiveInputs {
  /** Log-probabilities (nats) of the tokens. Outside the mask, these and the next three may be 0 in their place. */
  logprobs: Tensor;
  /** Entropy of the distribution each token was drawn from; present when asked for. */
  entropy?: Tensor;
  /** Value head output; present when asked for. */
  values?: Tensor;
  /** 1 where a token is the likeliest at its place, else 0; present when asked for. Has no gradient. */
  likeliest?: Tensor;
  /** [B,T,K] log-probabilities of candidate tokens; present when asked for. */
  candidates?: Tensor;
  /** 1 where the loss looks, 0 elsewhere and on padding. */
  mask: Tensor;
  /** How much each token counts: the loss is Σ weight · (loss of the token). Sums over parts of a batch add up. */
  weight: Tensor;
  /** mask / (number of masked tokens in the whole batch): a metric Σ share · x is a mean over the batch's tokens. */
  share: Tensor;
  /** [B,T] arrays by name. */
  data: Readonly<Record<string, Tensor>>;
  /** Scalars by name. */
  scalars: Readonly<Record<string, Tensor>>;
}

export interface Objective {
  name: string;
  /** Distinguishes compiled programs: the same key must always mean the same function. Name and options, as JSON. */
  key: string;
  needs: { entropy?: boolean; values?: boolean; likeliest?: boolean; candidates?: number };
  /** Names of the per-token data it reads. */
  data: readonly string[];
  /** Names of the scalars it reads. */
  scalars: readonly string[];
  /** The scalar loss, and metrics as scalars that add up over parts of the batch. */
  evaluate(inputs: ObjectiveInputs): { loss: Tensor; metrics: Record<string, Tensor> };
}
