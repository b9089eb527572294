/** Benchmark: streaming clients of the API server, against the same completions in one call of the engine. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { benchConstrained } from './constrained.ts';
import type { BenchContext } from './context.ts';
import { benchEngine, someTokens } from './models.ts';
import type { BenchRow } from './row.ts';
import { startApi } from './serve-api.ts';
import { median, takeTurns } from './turns.ts';

const MODEL = '2.9M';
const PROMPT_TOKENS = 32;
const TOKENS = 64;
const CLIENTS = [1, 8, 64] as const;
/** Completions of each client in a repetition, one after the other. */
const ROUNDS = 4;
/** Requests of the long run, and their tokens. */
const MANY = 10_000;
const FEW_TOKENS = 4;

/** The value below which a share of the values lies. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/**
 * Clients that each stream completions one after the other (32 prompt tokens, 64 sampled), and the engine's own calls for as
 * many rows. Then 10 000 short requests by 64 clients: errors, and the server's memory after the first and the last thousand.
 * Then answers by a JSON schema, against free ones.
 */
export async function* benchServe(context: BenchContext): AsyncGenerator<BenchRow> {
  yield* benchStreams(context);
  yield* benchConstrained(context);
}

async function* benchStreams(context: BenchContext): AsyncGenerator<BenchRow> {
  const workOf = (clients: number) => `serve ${MODEL} ${clients} ${clients === 1 ? 'client' : 'clients'}`;
  const many = `serve ${MODEL} ${MANY} requests`;
  if (![...CLIENTS.map(workOf), many].some((work) => context.wants(work))) return;
  const folder = mkdtempSync(join(tmpdir(), 'burnish-bench-serve-'));
  const engine = await benchEngine(MODEL, { pack: true });
  await engine.export(folder);
  const api = await startApi(folder);
  try {
    for (const clients of CLIENTS) {
      if (!context.wants(workOf(clients))) continue;
      const requests = Array.from({ length: clients }, (_, i) => ({
        prompt: someTokens(i, PROMPT_TOKENS),
        n: 1,
        seed: i,
      }));
      const firsts: number[] = [];
      /** Share of one processor that the clients took. */
      const clientShares: number[] = [];
      const rows = await takeTurns({
        ...context,
        work: workOf(clients),
        unit: 'tokens/s',
        ours: async () => {
          const started = performance.now();
          const before = process.cpuUsage();
          let tokens = 0;
          const client = async (seed: number) => {
            for (let round = 0; round < ROUNDS; round++) {
              const answer = await api.ask(someTokens(seed, PROMPT_TOKENS), seed, TOKENS);
              firsts.push(answer.first);
              tokens += answer.tokens;
            }
          };
          await Promise.all(requests.map(({ seed }) => client(seed)));
          const milliseconds = performance.now() - started;
          const { user, system } = process.cpuUsage(before);
          clientShares.push((user + system) / 1000 / milliseconds);
          return (1000 * tokens) / milliseconds;
        },
        peers: [
          {
            name: `one call of sample, ${clients} ${clients === 1 ? 'row' : 'rows'}`,
            run: async () => {
              const started = performance.now();
              let tokens = 0;
              for (let round = 0; round < ROUNDS; round++) {
                const samples = await engine.sample(requests, { maxTokens: TOKENS });
                tokens += samples.flat().reduce((sum, one) => sum + one.tokens.length, 0);
              }
              return (1000 * tokens) / (performance.now() - started);
            },
          },
        ],
      });
      const [p50, p95] = [quantile(firsts, 0.5), quantile(firsts, 0.95)].map((ms) => ms.toFixed(0));
      const share = median(clientShares).toFixed(2);
      const note = `first token after ${p50} ms (p50), ${p95} ms (p95); clients take ${share} processors`;
      for (const row of rows) yield { ...row, note };
    }
    if (context.wants(many)) yield await longRun(api, many);
  } finally {
    await api.close();
    engine.dispose();
    rmSync(folder, { recursive: true });
  }
}

async function longRun(api: Awaited<ReturnType<typeof startApi>>, work: string): Promise<BenchRow> {
  let next = 0;
  let errors = 0;
  const memory: number[] = [];
  const speeds: number[] = [];
  let last = performance.now();
  const client = async () => {
    while (next < MANY) {
      const at = next++;
      if (at % 1000 === 999) {
        memory.push(await api.memory());
        speeds.push((1000 * 1000 * FEW_TOKENS) / (performance.now() - last));
        last = performance.now();
      }
      await api.ask(someTokens(at, PROMPT_TOKENS), at, FEW_TOKENS).catch(() => {
        errors++;
      });
    }
  };
  await Promise.all(Array.from({ length: 64 }, client));
  const [first, end] = [memory[0], memory[memory.length - 1]].map((mib) => mib.toFixed(0));
  return {
    work,
    unit: 'tokens/s',
    ours: median(speeds),
    low: Math.min(...speeds),
    high: Math.max(...speeds),
    repetitions: speeds.length,
    note: `${errors} errors; the server's memory ${first} MiB after 1 000 requests, ${end} MiB after the last`,
  };
}
