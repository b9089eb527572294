/** What graders of a process are given: judges, sandboxes, and a way to ask endpoints. */
import { type GradingContext, GradingError } from '../../graders/openai/index.ts';
import { sandboxes } from '../../graders/sandbox/index.ts';
import { type JudgeEndpoint, judgeAt } from './judge.ts';

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

/** A context for grading, and a way to end its processes. `endpoint`: where judges are asked, when that is known. */
export function gradingContext(
  endpoint: () => JudgeEndpoint | null,
): GradingContext & { close(): Promise<void> } {
  const { python, javascript, close } = sandboxes();
  let ask: ReturnType<typeof judgeAt> | undefined;
  const judge: GradingContext['judge'] = async (call) => {
    const place = endpoint();
    if (place === null)
      throw new GradingError('no judge is set up', {
        model_grader_server_error: true,
        model_grader_server_error_details: 'no judge is set up',
      });
    ask ??= judgeAt(place);
    return await ask(call);
  };
  return { judge, python, javascript, post, close };
}
