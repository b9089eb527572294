/** `/v1/completions`: text that goes on from text, for models without a chat template. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import { type Api, answers, jsonBody } from '../http/api.ts';
import { eventStream } from '../http/event-stream.ts';
import { requires } from '../http/security.ts';
import { newId, nowSeconds } from '../ids.ts';
import { givenTokens } from '../inference/given-tokens.ts';
import type { DrawnToken } from '../inference/inference-row.ts';
import type { ModelServer } from '../inference/model-server.ts';
import type { ChatParts } from './chat.ts';
import { usageOf, usageSchema } from './chat-object.ts';
import { choicesOf, completionPieces } from './completions.ts';
import { roomFor } from './prompt.ts';
import { samplingMembers } from './request.ts';

const nullish = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional();
const tokenIds = z.array(z.int().min(0)).min(1);

const requestSchema = z
  .strictObject({
    ...samplingMembers,
    model: z.string().min(1),
    /** One text, or the token ids of one. */
    prompt: z.union([z.string(), tokenIds, z.tuple([z.string()])]),
    max_tokens: nullish(z.int().min(1)),
    logprobs: nullish(z.int().min(0).max(5)),
    echo: nullish(z.literal(false)),
    best_of: nullish(z.literal(1)),
    user: nullish(z.string()),
  })
  .openapi('CompletionRequest');
type CompletionRequest = z.infer<typeof requestSchema>;

const logprobsSchema = z.object({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number()),
  top_logprobs: z.array(z.record(z.string(), z.number())),
  text_offset: z.array(z.int()),
});
const choiceSchema = z.object({
  index: z.int(),
  text: z.string(),
  finish_reason: z.enum(['stop', 'length']).nullable(),
  logprobs: logprobsSchema.nullable(),
  token_ids: tokenIds.optional(),
});
const completionSchema = z
  .object({
    id: z.string(),
    object: z.literal('text_completion'),
    created: z.int(),
    model: z.string(),
    system_fingerprint: z.string(),
    choices: z.array(choiceSchema),
    usage: usageSchema.nullable().optional(),
    /** Ours, with token ids. */
    weights_version: z.int().optional(),
  })
  .openapi('Completion');
type Completion = z.infer<typeof completionSchema>;

/** As many tokens as OpenAI gives where nothing is asked for. */
const STANDARD_TOKENS = 16;

function promptOf({ prompt }: CompletionRequest, { decoder }: ModelServer): number[] {
  const [first] = [prompt].flat();
  const given = typeof first === 'string' ? first : (prompt as number[]);
  return givenTokens(given, decoder, { param: 'prompt', what: 'prompt' });
}

/** Log-probabilities in the form of this endpoint; `offset`: characters before these tokens. */
function logprobsOf(drawn: readonly DrawnToken[], { decoder }: ModelServer, offset: number) {
  const textOf = (id: number) => decoder.tokenizer.decode([id], { skipSpecial: false });
  let at = offset;
  return {
    tokens: drawn.map(({ token }) => textOf(token)),
    token_logprobs: drawn.map(({ logprob }) => logprob),
    top_logprobs: drawn.map(({ top }) =>
      Object.fromEntries(top.map((one) => [textOf(one.token), one.logprob])),
    ),
    text_offset: drawn.map(({ token }) => {
      const start = at;
      at += textOf(token).length;
      return start;
    }),
  };
}

/** Answers plain completions. */
export function completionRoutes(api: Api, { inference, metrics }: ChatParts, log: Logger): void {
  api.openapi(
    createRoute({
      method: 'post',
      path: '/completions',
      middleware: [requires('infer')] as const,
      request: { body: jsonBody(requestSchema) },
      responses: answers(completionSchema, 'The completions, or a stream of them'),
    }),
    async (c) => {
      const request = c.req.valid('json');
      const { server, version } = await inference.model(request.model);
      const prompt = promptOf(request, server);
      const maxTokens = roomFor(
        prompt.length,
        server.decoder.config.maxPositions,
        request.max_tokens ?? STANDARD_TOKENS,
      );
      const head = {
        id: newId('cmpl-'),
        object: 'text_completion' as const,
        created: nowSeconds(),
        model: request.model,
        system_fingerprint: server.fingerprint,
        ...(request.return_token_ids === true ? { weights_version: version } : {}),
      };
      const owner = c.get('key').id;
      const drawn: DrawnToken[][] = Array.from({ length: choicesOf(request) }, () => []);
      const lengths = drawn.map(() => 0);
      const usage = () =>
        usageOf(
          prompt.length,
          drawn.reduce((sum, tokens) => sum + tokens.length, 0),
        );
      metrics.promptTokens.inc({ model: request.model }, prompt.length);
      const parts = async function* (signal: AbortSignal): AsyncGenerator<Completion> {
        const topLogprobs = request.logprobs ?? undefined;
        for await (const { index, text, tokens, finishReason } of completionPieces({
          server,
          owner,
          prompt,
          maxTokens,
          sampling: request,
          topLogprobs,
          signal,
        })) {
          drawn[index].push(...tokens);
          metrics.sampledTokens.inc({ model: request.model }, tokens.length);
          const logprobs = topLogprobs === undefined ? null : logprobsOf(tokens, server, lengths[index]);
          lengths[index] += text.length;
          const ids =
            request.return_token_ids === true ? { token_ids: tokens.map(({ token }) => token) } : {};
          yield { ...head, choices: [{ index, text, finish_reason: finishReason, logprobs, ...ids }] };
        }
        if (request.stream === true && request.stream_options?.include_usage === true)
          yield { ...head, choices: [], usage: usage() };
      };
      if (request.stream === true) return (await eventStream(c, parts, log)) as never;
      const choices: Completion['choices'] = drawn.map((_, index) => ({
        index,
        text: '',
        finish_reason: null,
        logprobs: null,
      }));
      for await (const { choices: some } of parts(c.req.raw.signal))
        for (const { index, text, finish_reason } of some) {
          choices[index].text += text;
          choices[index].finish_reason = finish_reason;
        }
      choices.forEach((choice, index) => {
        if (request.logprobs != null) choice.logprobs = logprobsOf(drawn[index], server, 0);
        if (request.return_token_ids === true) choice.token_ids = drawn[index].map(({ token }) => token);
      });
      return c.json({ ...head, choices, usage: usage() }, 200);
    },
  );
}
