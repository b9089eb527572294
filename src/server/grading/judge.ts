/** Asks judges at an OpenAI-compatible endpoint: few at a time, again where it is busy, and never twice the same thing. */
import { createHash } from 'node:crypto';
import { GradingError, type JudgeAnswer, type JudgeCall } from '../../graders/openai/index.ts';

export interface JudgeEndpoint {
  /** Base URL, such as `https://host/v1`. */
  url: string;
  key: string;
}

/** Questions at a time. */
const CONCURRENCY = 8;
const MOST_TRIES = 4;
/** First wait before trying again, in milliseconds; doubled each time. */
const FIRST_WAIT = 250;
const MOST_WAIT = 20_000;
/** Answers that are remembered. */
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

function waitBefore(tries: number, response: Response | undefined): number {
  const ms = Number(response?.headers.get('retry-after-ms') ?? Number.NaN);
  const seconds = Number(response?.headers.get('retry-after') ?? Number.NaN);
  const asked = Number.isFinite(ms)
    ? ms
    : Number.isFinite(seconds)
      ? 1000 * seconds
      : FIRST_WAIT * 2 ** tries;
  return Math.min(MOST_WAIT, Math.max(0, asked));
}

/** A way to ask the judges of an endpoint. */
export function judgeAt({ url, key }: JudgeEndpoint): (call: JudgeCall) => Promise<JudgeAnswer> {
  const answers = new Map<string, Promise<JudgeAnswer>>();
  let running = 0;
  const waiting: (() => void)[] = [];
  const enter = async () => {
    if (running >= CONCURRENCY) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
  };
  const leave = () => {
    running--;
    waiting.shift()?.();
  };

  const post = async (body: unknown, signal: AbortSignal): Promise<ChatAnswer> => {
    for (let tries = 0; ; tries++) {
      let response: Response | undefined;
      let problem: string;
      try {
        response = await fetch(`${url}/chat/completions`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
          body: JSON.stringify(body),
          signal,
        });
        if (response.ok) return (await response.json()) as ChatAnswer;
        problem = `it answered ${response.status}`;
        const isBusy = response.status === 429 || response.status === 408 || response.status >= 500;
        if (!isBusy) throw unreachable(`${problem}: ${(await response.text()).slice(0, 300)}`);
        await response.body?.cancel();
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof GradingError) throw error;
        problem = (error as Error).message;
      }
      if (tries + 1 >= MOST_TRIES) throw unreachable(problem);
      await new Promise((resolve) => setTimeout(resolve, waitBefore(tries, response)));
    }
  };

  const ask = async ({ model, messages, sampling, schema, signal }: JudgeCall): Promise<JudgeAnswer> => {
    await enter();
    try {
      const { max_completions_tokens: most, ...rest } = sampling;
      const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value != null));
      const answer = await post(
        {
          model,
          messages,
          ...given,
          ...(most == null ? {} : { max_completion_tokens: most }),
          response_format: { type: 'json_schema', json_schema: { ...schema, strict: true } },
        },
        signal,
      );
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
    } finally {
      leave();
    }
  };

  return (call) => {
    const { model, messages, sampling, schema } = call;
    const name = createHash('sha256')
      .update(JSON.stringify([model, messages, sampling, schema]))
      .digest('hex');
    const known = answers.get(name);
    if (known !== undefined) return known;
    const answer = ask(call);
    answers.set(name, answer);
    // A failure is not remembered.
    answer.catch(() => answers.delete(name));
    if (answers.size > MOST_ANSWERS) answers.delete(answers.keys().next().value as string);
    return answer;
  };
}
