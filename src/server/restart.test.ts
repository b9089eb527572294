/** A server and its workers killed at any moment: the next one carries every job on, to the same weights. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import OpenAI from 'openai';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { jsonl, writeTinyModel } from './testing/tiny-server.ts';

const MAIN = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'burnish-restart-'));
const data = join(folder, 'data');
const running = new Set<ChildProcess>();
let key = '';

beforeAll(() => writeTinyModel(join(folder, 'tiny')));
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Serving {
  process: ChildProcess;
  client: OpenAI;
  ended: Promise<number | null>;
}

/** `burnish serve` in a process of its own, once it listens. */
async function serve(): Promise<Serving> {
  const model = `tiny=${join(folder, 'tiny')}`;
  const args = ['--import', 'tsx', MAIN, 'serve', '--port', '0', '--data', data, '--model', model];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  const ended = new Promise<number | null>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout?.on('data', (chunk) => {
      output += chunk;
      const found = /listens on (\S+)/.exec(output)?.[1];
      if (found !== undefined && /Keys:|keys create/.test(output)) resolve(found);
    });
    child.stderr?.resume();
    void ended.then((code) => reject(new Error(`the server ended with code ${code}: ${output}`)));
  });
  key = /sk-burnish-\w+/.exec(output)?.[0] ?? key;
  return { process: child, client: new OpenAI({ baseURL: url, apiKey: key, maxRetries: 2 }), ended };
}

/** Processes that a process has started. */
function childrenOf({ pid }: ChildProcess): number[] {
  try {
    return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
      .trim()
      .split('\n')
      .map(Number);
  } catch {
    return [];
  }
}

async function until(
  client: OpenAI,
  id: string,
  test: (events: string[], status: string) => boolean,
): Promise<string[]> {
  for (;;) {
    const { status } = await client.fineTuning.jobs.retrieve(id);
    const events = (await client.fineTuning.jobs.listEvents(id, { limit: 100 })).data.map(
      ({ message }) => message,
    );
    if (test(events, status)) return events.reverse();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const weights = (id: string) => readFileSync(join(data, 'jobs', id, 'model', 'model.safetensors'));
const steps = (events: string[]) => events.filter((message) => message.startsWith('Step '));

it('ends with the weights of a job that nobody disturbed', async () => {
  let serving = await serve();
  const file = jsonl(
    'data.jsonl',
    [...'abcdefgh'].map((letter) => ({ messages: [{ role: 'user', content: letter }] })),
  );
  const { id: training_file } = await serving.client.files.create({ file, purpose: 'fine-tune' });
  const source =
    'const grade = ({ output_text: text }) => [...text].filter((c) => /[a-z]/.test(c)).length / 4';
  const create = () =>
    serving.client.fineTuning.jobs.create({
      model: 'tiny',
      training_file,
      seed: 7,
      method: {
        type: 'reinforcement',
        reinforcement: {
          grader: { type: 'javascript', name: 'small', source },
          hyperparameters: { batch_size: 4, eval_interval: 4 },
          burnish: { max_completion_tokens: 4, max_steps: 12 },
        },
      } as never,
    });
  const job = await create();

  // The worker alone: the server sees it, and starts another one.
  await until(serving.client, job.id, (events) => steps(events).length >= 2);
  for (const pid of childrenOf(serving.process)) process.kill(pid, 'SIGKILL');
  await until(serving.client, job.id, (events) =>
    events.some((message) => message.includes('was killed by SIGKILL')),
  );

  // The server, and with it the worker.
  await until(serving.client, job.id, (events) => steps(events).length >= 5);
  serving.process.kill('SIGKILL');
  await serving.ended;
  serving = await serve();
  const told = await until(
    serving.client,
    job.id,
    (_, status) => status === 'succeeded' || status === 'failed',
  );
  expect((await serving.client.fineTuning.jobs.retrieve(job.id)).error).toBeNull();

  const undisturbed = await create();
  const straight = await until(
    serving.client,
    undisturbed.id,
    (_, status) => status === 'succeeded' || status === 'failed',
  );
  expect(weights(job.id).equals(weights(undisturbed.id))).toBe(true);
  expect(steps(told)).toEqual(steps(straight));

  // A server that is asked to stop ends well, and puts what runs back in the queue.
  const last = await create();
  await until(serving.client, last.id, (events) => steps(events).length >= 1);
  serving.process.kill('SIGTERM');
  expect(await serving.ended).toBe(0);
  serving = await serve();
  await until(serving.client, last.id, (_, status) => status === 'succeeded');
  expect(weights(last.id).equals(weights(undisturbed.id))).toBe(true);
  serving.process.kill('SIGTERM');
  await serving.ended;
}, 240_000);
