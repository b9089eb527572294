/** The API server as benchmarks use it: a process of its own, and light clients. */
import { fork } from 'node:child_process';
import { Agent, request } from 'node:http';
import { fileURLToPath } from 'node:url';

interface Answer {
  /** Milliseconds to the first token. */
  first: number;
  tokens: number;
}

/** A server process with the model, and clients for it. */
export async function startApi(folder: string) {
  const script = fileURLToPath(new URL('./points/api-server.ts', import.meta.url));
  // Threads that spin would take the processor from the clients.
  const child = fork(script, [folder], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, BURNISH_SPIN: '0' },
  });
  const next = <T>() =>
    new Promise<T>((resolve) => child.once('message', (message) => resolve(message as T)));
  const { url, key } = await next<{ url: string; key: string }>();

  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };

  /** One streamed completion. Rejects where anything but a whole stream comes back. */
  const ask = (prompt: readonly number[], seed: number, maxTokens: number) =>
    new Promise<Answer>((resolve, reject) => {
      const started = performance.now();
      let first = 0;
      let text = '';
      const sent = request(`${url}/v1/completions`, { method: 'POST', agent, headers }, (response) => {
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          if (first === 0) first = performance.now() - started;
          text += chunk;
        });
        response.on('end', () => {
          const isWhole =
            response.statusCode === 200 && text.endsWith('data: [DONE]\n\n') && !text.includes('"error"');
          if (!isWhole) reject(new Error(`status ${response.statusCode}: ${text.slice(-200)}`));
          const ids = text.matchAll(/"token_ids":\[([\d,]+)\]/g);
          resolve({
            first,
            tokens: Array.from(ids, ([, some]) => some.split(',').length).reduce((a, b) => a + b, 0),
          });
        });
      });
      sent.on('error', reject);
      sent.end(
        JSON.stringify({
          model: 'bench',
          prompt,
          max_tokens: maxTokens,
          seed,
          stream: true,
          return_token_ids: true,
        }),
      );
    });

  /** The answer to a request that is not streamed. Rejects where it is an error. */
  const post = <T>(path: string, body: unknown): Promise<T> =>
    new Promise((resolve, reject) => {
      let text = '';
      const sent = request(`${url}${path}`, { method: 'POST', agent, headers }, (response) => {
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(JSON.parse(text) as T);
          else reject(new Error(`status ${response.statusCode}: ${text.slice(-200)}`));
        });
      });
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // The server may close a connection that was idle for long just when it is used again.
        if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(post<T>(path, body));
        else reject(error);
      });
      sent.end(JSON.stringify(body));
    });

  return {
    ask,
    post,
    async memory(): Promise<number> {
      child.send('memory');
      return (await next<{ memoryMiB: number }>()).memoryMiB;
    },
    close: () =>
      new Promise<void>((resolve) => {
        child.once('exit', () => resolve());
        child.send('close');
      }),
  };
}
