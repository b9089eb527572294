/** What graders of a process are given: judges, sandboxes, and a way to ask endpoints. */
import { type GradingContext, GradingError } from '../../graders/openai/index.ts';
import { sandboxes } from '../../graders/sandbox/index.ts';
import { type EmbeddingEndpoint, embedAt } from './embed.ts';
import type { Endpoint } from './endpoint.ts';
import { judgeAt } from './judge.ts';
import type { JudgeAnswers } from './judge-answers.ts';

/** Answers of endpoints are at most this long, in characters. */
const MOST_ANSWER = 1_000_000;

async function post(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: unknown,
  signal: AbortSignal,
): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
    signal,
  });
  const text = (await response.text()).slice(0, MOST_ANSWER);
  if (!response.ok) throw new Error(`it answered ${response.status}: ${text.slice(0, 200)}`);
  return JSON.parse(text);
}

/** Whom graders ask. Where that is this server itself, its address is known only once it listens. */
export interface GradingEndpoints {
  judge(): Endpoint | null;
  /** What judges have answered before. */
  answers?: JudgeAnswers;
  /** Absent: the metric `cosine` is not to be had. */
  embedder?(): EmbeddingEndpoint | null;
}

/** A context for grading, and a way to end its processes. */
export function gradingContext({
  judge: judgeEndpoint,
  answers,
  embedder,
}: GradingEndpoints): GradingContext & { close(): Promise<void> } {
  const { python, javascript, close } = sandboxes();
  let ask: ReturnType<typeof judgeAt> | undefined;
  const judge: GradingContext['judge'] = async (call) => {
    const place = judgeEndpoint();
    if (place === null)
      throw new GradingError('no judge is set up', {
        model_grader_server_error: true,
        model_grader_server_error_details: 'no judge is set up',
      });
    ask ??= judgeAt(place, answers);
    return await ask(call);
  };
  let embedding: ReturnType<typeof embedAt> | undefined;
  const embed: GradingContext['embed'] = async (texts, signal) => {
    const place = embedder?.() ?? null;
    if (place === null) throw new GradingError('no model that embeds is set up', { other_error: true });
    embedding ??= embedAt(place);
    return await embedding(texts, signal);
  };
  return { ...(embedder === undefined ? {} : { embed }), judge, python, javascript, post, close };
}
