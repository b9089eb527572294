/** What a chat completion request may hold. */
import { z } from '@hono/zod-openapi';
import { messageSchema, toolSchema } from '../dataset/messages.ts';
import { metadataSchema } from '../jobs/job.ts';

const nullish = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().optional();

const jsonSchemaFormat = z.strictObject({
  type: z.literal('json_schema'),
  json_schema: z.strictObject({
    name: z.string().regex(/^[\w-]{1,64}$/),
    description: z.string().optional(),
    schema: z.record(z.string(), z.unknown()),
    strict: nullish(z.boolean()),
  }),
});

const responseFormat = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('text') }),
  z.strictObject({ type: z.literal('json_object') }),
  jsonSchemaFormat,
]);

const namedTool = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({ name: z.string() }),
});

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  namedTool,
  z.strictObject({
    type: z.literal('allowed_tools'),
    allowed_tools: z.strictObject({ mode: z.enum(['auto', 'required']), tools: z.array(namedTool).min(1) }),
  }),
]);

/** Members that change nothing here. */
const ignored = {
  user: nullish(z.string()),
  safety_identifier: nullish(z.string()),
  service_tier: nullish(z.string()),
  verbosity: nullish(z.string()),
  prediction: nullish(z.unknown()),
  prompt_cache_key: nullish(z.string()),
  prompt_cache_retention: nullish(z.string()),
  reasoning_effort: nullish(z.string()),
};

/** How tokens are drawn: shared by chat and plain completions. */
export const samplingMembers = {
  temperature: nullish(z.number().min(0).max(2)),
  top_p: nullish(z.number().min(0).max(1)),
  n: nullish(z.int().min(1).max(128)),
  seed: nullish(z.int()),
  stop: nullish(z.union([z.string().min(1), z.array(z.string().min(1)).max(4)])),
  presence_penalty: nullish(z.number().min(-2).max(2)),
  frequency_penalty: nullish(z.number().min(-2).max(2)),
  logit_bias: nullish(z.record(z.string().regex(/^\d+$/), z.number().min(-100).max(100))),
  stream: nullish(z.boolean()),
  stream_options: nullish(
    z.strictObject({ include_usage: z.boolean().optional(), include_obfuscation: z.boolean().optional() }),
  ),
  /** Ours: draw from the k likeliest tokens only. */
  top_k: nullish(z.int().min(1)),
  /** Ours: leave out tokens less likely than min_p times the likeliest. */
  min_p: nullish(z.number().min(0).max(1)),
  /** Ours: tell the token ids of prompt and completions. */
  return_token_ids: nullish(z.boolean()),
};

export const chatRequestSchema = z
  .strictObject({
    ...ignored,
    ...samplingMembers,
    model: z.string().min(1),
    messages: z.array(messageSchema).min(1),
    max_completion_tokens: nullish(z.int().min(1)),
    max_tokens: nullish(z.int().min(1)),
    logprobs: nullish(z.boolean()),
    top_logprobs: nullish(z.int().min(0).max(20)),
    response_format: nullish(responseFormat),
    tools: nullish(z.array(toolSchema).min(1).max(128)),
    tool_choice: nullish(toolChoice),
    parallel_tool_calls: nullish(z.boolean()),
    store: nullish(z.boolean()),
    metadata: nullish(metadataSchema),
    modalities: nullish(z.array(z.literal('text'))),
    /** Ours: the prompt as token ids, in place of the rendered messages. */
    prompt_token_ids: nullish(z.array(z.int().min(0)).min(1)),
  })
  .refine(({ top_logprobs, logprobs }) => top_logprobs == null || logprobs === true, {
    path: ['top_logprobs'],
    message: 'it needs logprobs to be true',
  })
  .openapi('ChatCompletionRequest');

export type ChatRequest = z.infer<typeof chatRequestSchema>;
export type SamplingMembers = Pick<ChatRequest, keyof typeof samplingMembers>;
