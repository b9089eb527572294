/** `/v1/embeddings`: vectors of texts, by any model that is loaded. */
import { createRoute, z } from '@hono/zod-openapi';
import { ApiError, invalid } from '../errors.ts';
import { type Api, answers, jsonBody } from '../http/api.ts';
import { requires } from '../http/security.ts';
import { givenTokens } from '../inference/given-tokens.ts';
import type { Inference } from '../inference/inference.ts';
import type { ModelServer } from '../inference/model-server.ts';
import type { ServerMetrics } from '../metrics.ts';

/** Texts of one request. */
const MOST_TEXTS = 2048;

const text = z.string().min(1);
const tokenIds = z.array(z.int().min(0)).min(1);
const requestSchema = z
  .strictObject({
    model: z.string().min(1),
    /** A text, the token ids of one, or several of either. */
    input: z.union([
      text,
      z.array(text).min(1).max(MOST_TEXTS),
      tokenIds,
      z.array(tokenIds).min(1).max(MOST_TEXTS),
    ]),
    encoding_format: z.enum(['float', 'base64']).nullable().optional(),
    /** The first so many numbers, normalised again. */
    dimensions: z.int().min(1).nullable().optional(),
    user: z.string().nullable().optional(),
  })
  .openapi('EmbeddingRequest');
type EmbeddingRequest = z.infer<typeof requestSchema>;

const listSchema = z
  .object({
    object: z.literal('list'),
    model: z.string(),
    data: z.array(
      z.object({
        object: z.literal('embedding'),
        index: z.int(),
        /** Numbers, or the base64 of little-endian float32. */
        embedding: z.union([z.array(z.number()), z.string()]),
      }),
    ),
    usage: z.object({ prompt_tokens: z.int(), total_tokens: z.int() }),
  })
  .openapi('EmbeddingList');

/** Token ids of every text of a request. Throws a 400 that names what cannot be embedded. */
function sequencesOf({ input }: EmbeddingRequest, { decoder }: ModelServer): number[][] {
  const { maxPositions } = decoder.config;
  const many = Array.isArray(input) && typeof input[0] !== 'number';
  const texts = (many ? input : [input]) as (string | number[])[];
  return texts.map((one, i) => {
    const param = many ? `input[${i}]` : 'input';
    const ids = givenTokens(one, decoder, { param, what: 'text' });
    if (ids.length > maxPositions)
      throw new ApiError(
        400,
        `This model's context has ${maxPositions} tokens. The text comes to ${ids.length}.`,
        { param, code: 'context_length_exceeded' },
      );
    return ids;
  });
}

/** The first `dimensions` numbers at length 1; zeros stay zeros. */
function normalised(vector: Float32Array, dimensions: number): Float32Array {
  const part = vector.slice(0, dimensions);
  const length = Math.sqrt(part.reduce((total, x) => total + x * x, 0));
  return length === 0 ? part : part.map((x) => x / length);
}

/** Little-endian whatever the machine. */
function base64(vector: Float32Array): string {
  const bytes = Buffer.alloc(4 * vector.length);
  vector.forEach((x, i) => {
    bytes.writeFloatLE(x, 4 * i);
  });
  return bytes.toString('base64');
}

/** Makes vectors: the mean of the model's last hidden states, at length 1. */
export function embeddingRoutes(api: Api, inference: Inference, metrics: ServerMetrics): void {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/embeddings',
      middleware: [requires('infer')] as const,
      request: { body: jsonBody(requestSchema) },
      responses: answers(listSchema, 'A vector for each text'),
    }),
    async (c) => {
      const request = c.req.valid('json');
      const { server } = await inference.model(request.model);
      const width = server.decoder.config.hiddenSize;
      const dimensions = request.dimensions ?? width;
      if (dimensions > width)
        throw invalid(`This model's vectors have ${width} numbers, fewer than ${dimensions}.`, 'dimensions');
      const sequences = sequencesOf(request, server);
      const tokens = sequences.reduce((total, ids) => total + ids.length, 0);
      const vectors = await server.embed(sequences);
      metrics.promptTokens.inc({ model: request.model }, tokens);
      const data = vectors.map((vector, index) => {
        const unit = normalised(vector, dimensions);
        const embedding = request.encoding_format === 'base64' ? base64(unit) : Array.from(unit);
        return { object: 'embedding' as const, index, embedding };
      });
      const usage = { prompt_tokens: tokens, total_tokens: tokens };
      return c.json({ object: 'list' as const, model: request.model, data, usage }, 200);
    },
  );
}
