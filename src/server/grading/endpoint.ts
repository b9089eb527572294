/** An OpenAI-compatible endpoint that graders ask: few questions at a time, and again where it is busy. */

export interface Endpoint {
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

/** Whether an endpoint may answer otherwise when it is asked again. */
const isBusy = ({ status }: Response) => status === 429 || status === 408 || status >= 500;

/** POSTs to a path of the endpoint, such as `/chat/completions`; rejects with an Error that says what went wrong. */
export type Ask = (path: string, body: unknown, signal: AbortSignal) => Promise<unknown>;

/** A way to ask an endpoint. */
export function askAt({ url, key }: Endpoint): Ask {
  let running = 0;
  const waiting: (() => void)[] = [];
  const post: Ask = async (path, body, signal) => {
    for (let tries = 0; ; tries++) {
      let response: Response | undefined;
      let problem: string;
      let isFinal = tries + 1 >= MOST_TRIES;
      try {
        response = await fetch(`${url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
          body: JSON.stringify(body),
          signal,
        });
        if (response.ok) return await response.json();
        problem = `it answered ${response.status}`;
        if (isBusy(response)) await response.body?.cancel();
        else {
          isFinal = true;
          problem += `: ${(await response.text()).slice(0, 300)}`;
        }
      } catch (error) {
        signal.throwIfAborted();
        problem = (error as Error).message;
      }
      if (isFinal) throw new Error(problem);
      await new Promise((resolve) => setTimeout(resolve, waitBefore(tries, response)));
    }
  };
  return async (path, body, signal) => {
    if (running >= CONCURRENCY) await new Promise<void>((resolve) => waiting.push(resolve));
    running++;
    try {
      return await post(path, body, signal);
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}
