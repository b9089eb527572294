/** `score_model` and `label_model`: another model says how good an answer is. */
import type { GradingContext, GradingInput, JudgeAnswer, JudgeCall } from './context.ts';
import { GradingError } from './result.ts';
import type { GraderOf, JudgeMessage, JudgePart } from './schema.ts';
import { render } from './template.ts';

/** The parts of a chat message of a rendered part of a judge's message. */
function contentPart(part: JudgePart, input: GradingInput): Record<string, unknown> {
  if (typeof part === 'string') return { type: 'text', text: render(part, input) };
  switch (part.type) {
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: render(part.text, input) };
    case 'input_image':
      return { type: 'image_url', image_url: { url: render(part.image_url, input), detail: part.detail } };
    case 'input_audio':
      return { type: 'input_audio', input_audio: part.input_audio };
  }
}

function rendered({ role, content }: JudgeMessage, input: GradingInput): JudgeCall['messages'][number] {
  if (typeof content === 'string') return { role, content: render(content, input) };
  return { role, content: [content].flat().map((part) => contentPart(part, input)) };
}

const STEPS = {
  type: 'array',
  items: {
    type: 'object',
    properties: { description: { type: 'string' }, conclusion: { type: 'string' } },
    required: ['description', 'conclusion'],
    additionalProperties: false,
  },
};

/** Reasons first, so that the verdict follows from them. */
function answerSchema(result: Record<string, unknown>): Record<string, unknown> {
  return {
    type: 'object',
    properties: { steps: STEPS, result },
    required: ['steps', 'result'],
    additionalProperties: false,
  };
}

/** What the judge says, and its answer's `result`. */
async function ask(
  grader: GraderOf<'score_model' | 'label_model'>,
  result: Record<string, unknown>,
  input: GradingInput,
  { judge }: GradingContext,
  signal: AbortSignal,
): Promise<{ value: unknown; answer: JudgeAnswer }> {
  const messages = grader.input.map((message) => rendered(message, input));
  if (judge === undefined)
    throw new GradingError(`no judge is set up for model ${grader.model}`, {
      model_grader_server_error: true,
      model_grader_server_error_details: 'no judge is set up',
    });
  const answer = await judge({
    model: grader.model,
    messages,
    sampling: grader.sampling_params ?? {},
    schema: { name: grader.type, schema: answerSchema(result) },
    signal,
  });
  if (answer.content === null)
    throw new GradingError(`the judge refused: ${answer.refusal ?? 'no reason given'}`, {
      model_grader_refusal_error: true,
    });
  try {
    return { value: (JSON.parse(answer.content) as { result?: unknown }).result, answer };
  } catch (error) {
    throw unreadable(answer.content, error);
  }
}

const unreadable = (content: string, cause?: unknown) =>
  new GradingError(
    `the judge's answer cannot be read: ${content.slice(0, 200)}`,
    { model_grader_parse_error: true },
    { cause },
  );

/** The judge's number, kept within the range. */
export async function scoreModel(
  grader: GraderOf<'score_model'>,
  input: GradingInput,
  context: GradingContext,
  signal: AbortSignal,
): Promise<{ reward: number; answer: JudgeAnswer }> {
  const [low, high] = grader.range;
  const { value, answer } = await ask(
    grader,
    { type: 'number', description: `from ${low} to ${high}` },
    input,
    context,
    signal,
  );
  if (typeof value !== 'number' || !Number.isFinite(value)) throw unreadable(answer.content ?? '');
  return { reward: Math.min(high, Math.max(low, value)), answer };
}

/** 1 where the judge's label is a passing one, else 0. */
export async function labelModel(
  grader: GraderOf<'label_model'>,
  input: GradingInput,
  context: GradingContext,
  signal: AbortSignal,
): Promise<{ reward: number; answer: JudgeAnswer }> {
  const { labels, passing_labels: passing } = grader;
  const { value, answer } = await ask(grader, { type: 'string', enum: labels }, input, context, signal);
  if (typeof value !== 'string' || !labels.includes(value)) throw unreadable(answer.content ?? '');
  return { reward: Number(passing.includes(value)), answer };
}
