/** Asks judges at an OpenAI-compatible endpoint, never twice the same thing. */
import { createHash } from 'node:crypto';
import { GradingError, type JudgeAnswer, type JudgeCall } from '../../graders/openai/index.ts';
import { askAt, type Endpoint } from './endpoint.ts';
import type { JudgeAnswers } from './judge-answers.ts';

/** Answers that a process remembers. */
const MOST_ANSWERS = 10_000;

interface ChatAnswer {
  model?: string;
  choices?: { message?: { content?: string | null; refusal?: string | null } }[];
  usage?: {
    prompt_tokens?: number;
    completion_tokens?: number;
    prompt_tokens_details?: { cached_tokens?: number };
  };
}

const unreachable = (details: string, cause?: unknown) =>
  new GradingError(
    `the judge cannot be asked: ${details}`,
    { model_grader_server_error: true, model_grader_server_error_details: details },
    { cause },
  );

/** Whether an answer is worth remembering: one that cannot be read may come out better the next time. */
function isReadable({ content }: JudgeAnswer): boolean {
  try {
    JSON.parse(content ?? '');
    return true;
  } catch {
    return false;
  }
}

/** A way to ask the judges of an endpoint. `kept`: answers beyond those of this process. */
export function judgeAt(endpoint: Endpoint, kept?: JudgeAnswers): (call: JudgeCall) => Promise<JudgeAnswer> {
  const answers = new Map<string, Promise<JudgeAnswer>>();
  const post = askAt(endpoint);

  const ask = async ({ model, messages, sampling, schema, signal }: JudgeCall): Promise<JudgeAnswer> => {
    const { max_completions_tokens: most, ...rest } = sampling;
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value != null));
    const body = {
      model,
      messages,
      ...given,
      ...(most == null ? {} : { max_completion_tokens: most }),
      response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } },
    };
    const answer = (await post('/chat/completions', body, signal).catch((error: Error) => {
      signal.throwIfAborted();
      throw unreachable(error.message, error);
    })) as ChatAnswer;
    const message = answer.choices?.[0]?.message;
    if (message === undefined) throw unreachable('its answer has no choices');
    return {
      content: message.refusal == null ? (message.content ?? '') : null,
      refusal: message.refusal ?? null,
      model: answer.model ?? model,
      usage: {
        prompt_tokens: answer.usage?.prompt_tokens ?? 0,
        completion_tokens: answer.usage?.completion_tokens ?? 0,
        cached_tokens: answer.usage?.prompt_tokens_details?.cached_tokens ?? 0,
      },
    };
  };

  const find = async (question: string, call: JudgeCall): Promise<JudgeAnswer> => {
    const known = await kept?.get(question);
    if (known !== undefined) return known;
    const answer = await ask(call);
    if (isReadable(answer)) await kept?.add(question, answer);
    else answers.delete(question);
    return answer;
  };

  return (call) => {
    const { model, messages, sampling, schema } = call;
    const question = createHash('sha256')
      .update(JSON.stringify([endpoint.url, model, messages, sampling, schema]))
      .digest('hex');
    const known = answers.get(question);
    if (known !== undefined) return known;
    const answer = find(question, call);
    answers.set(question, answer);
    // A failure is not remembered.
    answer.catch(() => answers.delete(question));
    if (answers.size > MOST_ANSWERS) answers.delete(answers.keys().next().value as string);
    return answer;
  };
}
