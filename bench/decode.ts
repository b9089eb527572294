/** Benchmark: sampling with a key-value cache against transformers' generate and llama.cpp, on the same weights. */
import { join } from 'node:path';
import type { Engine } from '../src/engine/index.ts';
import type { BenchContext } from './context.ts';
import { decodingFlops } from './flops.ts';
import { benchEngine, MODELS, someTokens, withFolder } from './models.ts';
import { convertToGguf } from './peers/gguf.ts';
import { PeerProcess } from './peers/process.ts';
import { asSide, type StartedPeer, stopPeers, tryPeer } from './peers/start.ts';
import type { BenchRow } from './row.ts';
import { takeTurns } from './turns.ts';

const MODEL = '2.9M';
const ROWS = [1, 16, 64, 256];
const PROMPT_TOKENS = 32;
const NEW_TOKENS = 64;
/** Calls before the first timed one: after them the engine has packed the weights for every shape that it meets. */
const WARM_UPS = 3;
/** Likeliest tokens in which we and llama.cpp have to agree; later ones may part by rounding. */
const SAME_TOKENS = 12;

const workOf = (rows: number) => `decode ${MODEL} ${rows} ${rows === 1 ? 'row' : 'rows'}`;

/** Model operations behind one sampled token; the prompt it follows is in it. */
function flopsPerToken(rows: number): number {
  return decodingFlops(MODELS[MODEL], rows, PROMPT_TOKENS, NEW_TOKENS) / (rows * NEW_TOKENS);
}

/** Every row has a prompt of its own; reading it is in the time, and only sampled tokens count. */
export async function* benchDecode(context: BenchContext): AsyncGenerator<BenchRow> {
  const wanted = ROWS.filter((rows) => context.wants(workOf(rows)));
  if (wanted.length === 0) return;
  const engine = await benchEngine(MODEL, { pack: true });
  const prompts = Array.from({ length: Math.max(...wanted) }, (_, row) => someTokens(row, PROMPT_TOKENS));
  let peers: StartedPeer[] = [];
  try {
    peers = await withFolder(async (folder) => {
      if (context.peers === undefined) return [];
      await engine.export(join(folder, 'model'));
      return [
        await startTransformers(context, folder, wanted),
        await startLlama(context, folder, wanted, prompts, engine),
      ];
    });
    for (const rows of wanted) {
      const requests = prompts.slice(0, rows).map((prompt, seed) => ({ prompt, n: 1, seed }));
      const sample = () => engine.sample(requests, { maxTokens: NEW_TOKENS, stopTokens: [] });
      for (let i = 0; i < WARM_UPS; i++) await sample();
      yield* await takeTurns({
        ...context,
        work: workOf(rows),
        unit: 'tokens/s',
        ours: async () => {
          const started = performance.now();
          await sample();
          return (1000 * rows * NEW_TOKENS) / (performance.now() - started);
        },
        peers: peers.map((peer) =>
          asSide(
            peer,
            async (one) => (rows * NEW_TOKENS) / (await one.go(rows)).seconds,
            choiceOf(peer, rows),
          ),
        ),
        flopsPerUnit: flopsPerToken(rows),
      });
    }
  } finally {
    await stopPeers(peers);
    engine.dispose();
  }
}

function startTransformers({ peers, threads }: BenchContext, folder: string, rows: readonly number[]) {
  const shape = { promptLength: PROMPT_TOKENS, newTokens: NEW_TOKENS };
  const settings = { ...shape, rows, threads, model: join(folder, 'model') };
  return tryPeer('transformers.generate', () =>
    PeerProcess.python(peers?.python ?? '', 'generate.py', settings),
  );
}

async function startLlama(
  { peers, threads }: BenchContext,
  folder: string,
  rows: readonly number[],
  prompts: readonly (readonly number[])[],
  engine: Engine,
): Promise<StartedPeer> {
  const libraries = peers?.llama ?? '';
  if (typeof libraries !== 'string') return libraries;
  const model = join(folder, 'model.gguf');
  await convertToGguf(join(folder, 'model'), model);
  const settings = { libraries, model, rows, prompts, newTokens: NEW_TOKENS, threads };
  const peer = await tryPeer('llama.cpp', () => PeerProcess.node('llama.ts', settings));
  if (!(peer instanceof PeerProcess)) return peer;
  const params = { maxTokens: NEW_TOKENS, temperature: 0, stopTokens: [] };
  const [[{ tokens }]] = await engine.sample([{ prompt: prompts[0], n: 1, seed: 0 }], params);
  if (sameStart(tokens, peer.ready.greedy as number[])) return peer;
  await peer.stop();
  return {
    name: peer.description,
    missing: 'did not run: it continues the first prompt otherwise than we do',
  };
}

/** Whether two likeliest continuations agree for long enough that they can only be of the same weights. */
function sameStart(a: readonly number[], b: readonly number[]): boolean {
  return a.slice(0, SAME_TOKENS).join() === b.slice(0, SAME_TOKENS).join();
}

/** What a peer chose for this number of rows, where it says so. */
function choiceOf(peer: StartedPeer, rows: number): string {
  if (!(peer instanceof PeerProcess)) return '';
  const chosen = peer.ready.chosen as Record<string, string> | undefined;
  return chosen?.[rows] === undefined ? '' : `, ${chosen[rows]}`;
}
