/** A server with a tiny fresh model that writes any printable text, and the stock client to talk to it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { createOnnxEngine } from '../../engine/index.ts';
import { symbolTokenizer } from '../../text/index.ts';
import { freshConfig } from '../../training/index.ts';
import { type RunningServer, type ServerOptions, startServer } from '../index.ts';

const SYMBOLS = ['\n', ...Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))];
const TEMPLATE =
  "{% if tools %}tools {{ tools | length }}\n{% endif %}{% for m in messages %}{{ m.role[0] }}:{{ m.content }}{% if m.role == 'assistant' %}{{ eos_token }}{% endif %}\n{% endfor %}{% if add_generation_prompt %}a:{% endif %}";

/** Writes the model's folder. */
export async function writeTinyModel(folder: string, seed = 1): Promise<void> {
  const tokenizer = symbolTokenizer(SYMBOLS, { chatTemplate: TEMPLATE });
  const config = freshConfig({ hiddenSize: 32, layers: 2, heads: 2, maxPositions: 256 }, tokenizer);
  const engine = await createOnnxEngine({ model: config, tokenizer, seed });
  await engine.export(folder);
  engine.dispose();
}

export interface TinyServer {
  server: RunningServer;
  client: OpenAI;
  /** A client with a key of these scopes. */
  clientWith(scopes: Parameters<RunningServer['keys']['create']>[1]): Promise<OpenAI>;
  folder: string;
  /** Closes it and removes what it kept. */
  close(): Promise<void>;
}

/** Starts it in a folder of its own. `more` writes further models there, and says what their folders are called. */
export async function tinyServer(
  options: Partial<ServerOptions> = {},
  more: (folder: string) => Promise<string[]> = async () => [],
): Promise<TinyServer> {
  const folder = mkdtempSync(join(tmpdir(), 'burnish-server-'));
  const model = join(folder, 'tiny');
  await writeTinyModel(model);
  const names = ['tiny', ...(await more(folder))];
  const server = await startServer({
    folder: join(folder, 'data'),
    host: '127.0.0.1',
    port: 0,
    models: new Map(names.map((name) => [name, join(folder, name)])),
    ...options,
  });
  const clientWith: TinyServer['clientWith'] = async (scopes) => {
    const { secret } = await server.keys.create('test', scopes);
    // Some of its calls use the one, some the other.
    const keys = { apiKey: secret, adminAPIKey: secret };
    return new OpenAI({ baseURL: `${server.url}/v1`, ...keys, maxRetries: 0 });
  };
  return {
    server,
    client: await clientWith(['admin']),
    clientWith,
    folder,
    async close() {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The error that a request is answered with. */
export async function errorOf(request: Promise<unknown>): Promise<InstanceType<typeof OpenAI.APIError>> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof OpenAI.APIError) return error;
  throw new Error(`expected an error of the API, found ${String(error)}`);
}

/** A job once it is in one of the states; unless given, once it is over. */
export async function settled(
  client: OpenAI,
  id: string,
  states: readonly string[] = ['succeeded', 'failed', 'cancelled'],
): Promise<OpenAI.FineTuning.FineTuningJob> {
  for (;;) {
    const job = await client.fineTuning.jobs.retrieve(id);
    if (states.includes(job.status)) return job;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A file of JSON lines. */
export function jsonl(name: string, lines: readonly unknown[]): File {
  return new File([lines.map((line) => `${JSON.stringify(line)}\n`).join('')], name);
}
