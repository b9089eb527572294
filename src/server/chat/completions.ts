/** Samples the choices of a request, piece by piece, whatever form the answer has then. */
import { randomInt } from 'node:crypto';
import type { TokenConstraint } from '../../engine/index.ts';
import type { RowSettings } from '../inference/inference-row.ts';
import { InferenceRow } from '../inference/inference-row.ts';
import type { ModelServer } from '../inference/model-server.ts';
import { type ChoicePiece, JoinedPieces } from './joined-pieces.ts';
import type { SamplingMembers } from './request.ts';

export interface CompletionOptions {
  server: ModelServer;
  /** The key's id: keys take turns. */
  owner: string;
  prompt: readonly number[];
  /** It goes on from the key's earlier texts, and later ones from it. */
  conversation?: boolean;
  /** Told how many of the prompt's tokens had been read before. */
  onRead?(known: number): void;
  maxTokens: number;
  sampling: SamplingMembers;
  /** Further strings that end a completion. */
  stop?: readonly string[];
  topLogprobs?: number;
  /** One for each choice. */
  constraint?: () => Promise<TokenConstraint>;
  signal: AbortSignal;
}

/** Choices that a request asks for. */
export const choicesOf = ({ n }: Pick<SamplingMembers, 'n'>) => n ?? 1;

function settingsOf({
  maxTokens,
  sampling,
  stop = [],
  topLogprobs,
}: CompletionOptions): Omit<RowSettings, 'index' | 'seed'> {
  const bias = Object.entries(sampling.logit_bias ?? {}).map(([id, amount]) => [Number(id), amount] as const);
  return {
    maxTokens,
    temperature: sampling.temperature ?? 1,
    topP: sampling.top_p ?? undefined,
    topK: sampling.top_k ?? undefined,
    minP: sampling.min_p ?? undefined,
    stop: [...[sampling.stop ?? []].flat(), ...stop],
    adjustments: {
      bias: new Map(bias),
      presencePenalty: sampling.presence_penalty ?? 0,
      frequencyPenalty: sampling.frequency_penalty ?? 0,
    },
    topLogprobs,
  };
}

/** 32 bits that a seed stands for; drawn where there is none. */
const seedOf = ({ seed }: SamplingMembers) => (seed == null ? randomInt(2 ** 32) : seed >>> 0);

/**
 * The pieces of all choices, joined where they come fast; of each choice, the last one has a finish reason. Throws what the model
 * fails with. When the signal aborts, or the caller stops listening, the rows leave the batch.
 */
export async function* completionPieces(options: CompletionOptions): AsyncGenerator<ChoicePiece> {
  const { server, owner, prompt, sampling, signal, constraint } = options;
  const { decoder } = server;
  const common = { ...settingsOf(options), seed: seedOf(sampling) };
  const pieces = new JoinedPieces(choicesOf(sampling));
  let failure: Error | undefined;
  const rows: InferenceRow[] = [];
  for (let index = 0; index < choicesOf(sampling); index++) {
    const settings = { ...common, index, constraint: await constraint?.() };
    rows.push(
      new InferenceRow(settings, decoder.tokenizer, decoder.config.vocabSize, {
        onPiece: (piece) => pieces.add(index, piece),
        onError: (error) => {
          failure = error;
          pieces.interrupt();
        },
      }),
    );
  }
  const onAbort = () => pieces.interrupt();
  signal.addEventListener('abort', onAbort);
  try {
    signal.throwIfAborted();
    const scope = options.conversation === true ? owner : undefined;
    server.add({ owner, prompt, rows, scope, onRead: options.onRead });
    while (!pieces.done) {
      await pieces.due();
      signal.throwIfAborted();
      if (failure !== undefined) throw failure;
      yield* pieces.take();
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    if (!pieces.complete) server.cancel(new Set(rows));
  }
}
