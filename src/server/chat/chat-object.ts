/** What a chat completion is made of, as clients see it. */
import { z } from '@hono/zod-openapi';
import type { Tokenizer } from '../../text/index.ts';
import type { DrawnToken } from '../inference/inference-row.ts';

const tokenLogprob = z.object({
  token: z.string(),
  bytes: z.array(z.int()).nullable(),
  logprob: z.number(),
});
const logprobs = z.object({
  content: z.array(tokenLogprob.extend({ top_logprobs: z.array(tokenLogprob) })).nullable(),
  refusal: z.null(),
});
export type Logprobs = z.infer<typeof logprobs>;

const toolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

export const finishReason = z.enum(['stop', 'length', 'tool_calls', 'content_filter', 'function_call']);
export type FinishReason = z.infer<typeof finishReason>;

export const usageSchema = z.object({
  prompt_tokens: z.int(),
  completion_tokens: z.int(),
  total_tokens: z.int(),
  prompt_tokens_details: z.object({ cached_tokens: z.int(), audio_tokens: z.int() }),
  completion_tokens_details: z.object({
    reasoning_tokens: z.int(),
    audio_tokens: z.int(),
    accepted_prediction_tokens: z.int(),
    rejected_prediction_tokens: z.int(),
  }),
});
export type Usage = z.infer<typeof usageSchema>;

/** `cached`: tokens of the prompt that had been read before. */
export function usageOf(prompt: number, completion: number, cached = 0): Usage {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  };
}

const message = z.object({
  role: z.literal('assistant'),
  content: z.string().nullable(),
  refusal: z.null(),
  tool_calls: z.array(toolCall).optional(),
  annotations: z.array(z.unknown()),
});
export type ReplyMessage = z.infer<typeof message>;

export const chatCompletionSchema = z
  .object({
    id: z.string(),
    object: z.literal('chat.completion'),
    created: z.int(),
    model: z.string(),
    choices: z.array(
      z.object({
        index: z.int(),
        message,
        finish_reason: finishReason,
        logprobs: logprobs.nullable(),
        token_ids: z.array(z.int()).optional(),
      }),
    ),
    usage: usageSchema,
    system_fingerprint: z.string(),
    service_tier: z.literal('default'),
    prompt_token_ids: z.array(z.int()).optional(),
    weights_version: z.int().optional(),
    metadata: z.record(z.string(), z.string()).nullable().optional(),
  })
  .openapi('ChatCompletion');
export type ChatCompletion = z.infer<typeof chatCompletionSchema>;

/** "Very unlikely", in place of an infinity that JSON has no word for. */
const NEVER = -9999;

const UTF8 = new TextEncoder();

/** Tokens as `logprobs.content`. */
export function logprobsOf(tokens: readonly DrawnToken[], tokenizer: Tokenizer): Logprobs {
  const entry = ({ token, logprob }: { token: number; logprob: number }) => {
    const text = tokenizer.decode([token], { skipSpecial: false });
    return {
      token: text,
      bytes: text.includes('\uFFFD') ? null : Array.from(UTF8.encode(text)),
      logprob: Math.max(NEVER, logprob),
    };
  };
  return {
    content: tokens.map((one) => ({ ...entry(one), top_logprobs: one.top.map(entry) })),
    refusal: null,
  };
}
