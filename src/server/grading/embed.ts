/** Vectors of texts for the metric `cosine`, from an OpenAI-compatible endpoint; each text is embedded once. */
import { type GradingContext, GradingError } from '../../graders/openai/index.ts';
import { askAt, type Endpoint } from './endpoint.ts';

/** Who embeds: a model at an endpoint. */
export interface EmbeddingEndpoint extends Endpoint {
  model: string;
}

/** Texts whose vectors are remembered. */
const MOST_TEXTS = 10_000;

interface EmbeddingAnswer {
  data?: { index?: number; embedding?: unknown }[];
}

const failed = (details: string, cause?: unknown) =>
  new GradingError(`the texts cannot be embedded: ${details}`, { other_error: true }, { cause });

/** A way to have texts embedded. */
export function embedAt(endpoint: EmbeddingEndpoint): NonNullable<GradingContext['embed']> {
  const ask = askAt(endpoint);
  const known = new Map<string, number[]>();
  return async (texts, signal) => {
    const missing = [...new Set(texts)].filter((text) => !known.has(text));
    if (missing.length > 0) {
      const answer = (await ask(
        '/embeddings',
        { model: endpoint.model, input: missing, encoding_format: 'float' },
        signal,
      ).catch((error: Error) => {
        signal.throwIfAborted();
        throw failed(error.message, error);
      })) as EmbeddingAnswer;
      for (const { index = 0, embedding } of answer.data ?? [])
        if (Array.isArray(embedding) && index < missing.length)
          known.set(missing[index], embedding as number[]);
    }
    const vectors = texts.map((text) => {
      const vector = known.get(text);
      if (vector === undefined) throw failed('the answer lacks a vector');
      return vector;
    });
    for (const text of known.keys()) {
      if (known.size <= MOST_TEXTS) break;
      known.delete(text);
    }
    return vectors;
  };
}
