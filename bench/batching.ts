/** Benchmark: rows that finish make room for waiting ones, against batches that wait for their longest row. */
import type { BenchContext } from './context.ts';
import { benchEngine, someTokens } from './models.ts';
import type { BenchRow } from './row.ts';
import { takeTurns } from './turns.ts';

const MODEL = '2.9M';
const REQUESTS = 256;
const ROWS = 64;
const PROMPT_TOKENS = 32;
const LONGEST = 128;
/** One token in 32 of a nearly uniform model: lengths of 1 to 128 tokens, 31 on average. */
const STOP_TOKENS = Array.from({ length: 16 }, (_, i) => 2 + i);

/**
 * 256 completions of mixed lengths with 64 rows at once. Ours: one call of `sample`. The peer is the same engine used as
 * transformers.generate works: batches of 64 in order, each decoding all its rows until its longest one ends. Both sides
 * count the tokens that were wanted.
 */
export async function* benchBatching(context: BenchContext): AsyncGenerator<BenchRow> {
  const work = `sample ${MODEL} ${REQUESTS} mixed lengths`;
  if (!context.wants(work)) return;
  const engine = await benchEngine(MODEL, { maxRows: ROWS });
  const requests = Array.from({ length: REQUESTS }, (_, i) => ({
    prompt: someTokens(i, PROMPT_TOKENS),
    n: 1,
    seed: i,
  }));
  const continuous = () => engine.sample(requests, { maxTokens: LONGEST, stopTokens: STOP_TOKENS });
  try {
    const lengths = (await continuous()).map(([{ tokens }]) => tokens.length);
    const tokens = lengths.reduce((sum, length) => sum + length, 0);
    const batches = Array.from({ length: REQUESTS / ROWS }, (_, i) => ({
      requests: requests.slice(i * ROWS, (i + 1) * ROWS),
      maxTokens: Math.max(...lengths.slice(i * ROWS, (i + 1) * ROWS)),
    }));
    const inBatches = async () => {
      for (const { requests: part, maxTokens } of batches)
        await engine.sample(part, { maxTokens, stopTokens: [] });
    };
    await inBatches();
    const speed = async (sample: () => Promise<unknown>) => {
      const started = performance.now();
      await sample();
      return (1000 * tokens) / (performance.now() - started);
    };
    yield* await takeTurns({
      ...context,
      work,
      unit: 'tokens/s',
      ours: () => speed(continuous),
      peers: [{ name: `static batches of ${ROWS}, same engine`, run: () => speed(inBatches) }],
    });
  } finally {
    engine.dispose();
  }
}
