/** `/v1/fine_tuning/alpha/graders`: tries graders before a job depends on them. */
import { createRoute, z } from '@hono/zod-openapi';
import {
  type GivenGrader,
  type GraderResult,
  type GradingContext,
  graderSchema,
  normaliseGrader,
  runGrader,
} from '../../graders/openai/index.ts';
import { toolCallSchema } from '../dataset/messages.ts';
import { type Api, answers, jsonBody } from '../http/api.ts';
import { requires } from '../http/security.ts';
import { acceptedGrader } from '../jobs/create-job.ts';

/** Longest time for one run, in milliseconds. */
const TIME_LIMIT = 120_000;

const anyGrader = z.record(z.string(), z.unknown());
const sampleSchema = z.union([
  z.string(),
  z.strictObject({
    role: z.literal('assistant').optional(),
    content: z.string().nullable().optional(),
    tool_calls: z.array(toolCallSchema).optional(),
  }),
]);

const runSchema = z.strictObject({
  grader: graderSchema,
  model_sample: sampleSchema,
  item: z.record(z.string(), z.unknown()).optional(),
});

const flag = z.boolean();
const details = z.string().nullable();
const usage = z.object({ prompt_tokens: z.int(), completion_tokens: z.int(), cached_tokens: z.int() });
const resultSchema = z
  .object({
    reward: z.number(),
    sub_rewards: z.record(z.string(), z.number()),
    model_grader_token_usage_per_model: z.record(z.string(), usage),
    metadata: z.object({
      name: z.string(),
      type: z.string(),
      execution_time: z.number(),
      scores: z.record(z.string(), z.number()),
      token_usage: z.int().nullable(),
      sampled_model_name: z.string().nullable(),
      errors: z.object({
        formula_parse_error: flag,
        sample_parse_error: flag,
        truncated_observation_error: flag,
        unresponsive_reward_error: flag,
        invalid_variable_error: flag,
        other_error: flag,
        python_grader_server_error: flag,
        python_grader_server_error_type: details,
        python_grader_runtime_error: flag,
        python_grader_runtime_error_details: details,
        model_grader_server_error: flag,
        model_grader_refusal_error: flag,
        model_grader_parse_error: flag,
        model_grader_server_error_details: details,
      }),
    }),
    /** Ours: what went wrong, in words. */
    burnish: z.object({ problems: z.array(z.string()) }),
  })
  .openapi('GraderRun');

function shown(
  grader: GivenGrader,
  { reward, scores, usage: used, sampledModel, errors, problems }: GraderResult,
  seconds: number,
) {
  const tokens = Object.values(used).reduce((sum, one) => sum + one.prompt_tokens + one.completion_tokens, 0);
  return {
    reward,
    sub_rewards: grader.type === 'multi' ? scores : {},
    model_grader_token_usage_per_model: used,
    metadata: {
      name: grader.name,
      type: grader.type,
      execution_time: seconds,
      scores,
      token_usage: Object.keys(used).length > 0 ? tokens : null,
      sampled_model_name: sampledModel,
      errors,
    },
    burnish: { problems },
  };
}

function parsedJson(text: string): { output_json?: unknown } {
  try {
    return { output_json: JSON.parse(text) };
  } catch {
    return {};
  }
}

/** Runs and checks graders. */
export function graderRoutes(api: Api, context: GradingContext): void {
  const embeds = context.embed !== undefined;
  api.openapi(
    createRoute({
      method: 'post',
      path: '/fine_tuning/alpha/graders/validate',
      middleware: [requires('train')] as const,
      request: { body: jsonBody(z.strictObject({ grader: graderSchema })) },
      responses: answers(z.object({ grader: anyGrader }), 'The grader in the form that runs'),
    }),
    async (c) => c.json({ grader: { ...acceptedGrader(c.req.valid('json').grader, 'grader', embeds) } }, 200),
  );
  api.openapi(
    createRoute({
      method: 'post',
      path: '/fine_tuning/alpha/graders/run',
      middleware: [requires('train')] as const,
      request: { body: jsonBody(runSchema) },
      responses: answers(resultSchema, 'What the grader says'),
    }),
    async (c) => {
      const { grader: given, model_sample: sample, item = {} } = c.req.valid('json');
      const grader = acceptedGrader(given, 'grader', embeds);
      const text = typeof sample === 'string' ? sample : (sample.content ?? '');
      const tools = typeof sample === 'string' ? [] : (sample.tool_calls ?? []);
      const graded = { output_text: text, output_tools: tools, ...parsedJson(text) };
      const input = { sample: { ...graded, choices: [{ message: graded }] }, item };
      const started = performance.now();
      const signal = AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(TIME_LIMIT)]);
      const result = await runGrader(normaliseGrader(grader), input, context, signal);
      return c.json(shown(grader, result, (performance.now() - started) / 1000), 200);
    },
  );
}
