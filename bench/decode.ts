/** Benchmark: sampling with a key-value cache against transformers' generate, on the same weights. */
import { benchEngine, someTokens, withExported } from './model.ts';
import { Peer } from './peer.ts';
import { type BenchRow, takeTurns } from './table.ts';

const ROWS = [1, 16, 64, 256];
const PROMPT_TOKENS = 32;
const NEW_TOKENS = 64;

export async function benchDecode(python: string | undefined, repetitions: number): Promise<BenchRow[]> {
  const engine = await benchEngine();
  const table = await withExported(engine, async (model) => {
    const settings = { rows: ROWS, promptLength: PROMPT_TOKENS, newTokens: NEW_TOKENS, threads: 2, model };
    const peer = python === undefined ? undefined : await Peer.start(python, 'generate.py', settings);
    const rowsOfTable: BenchRow[] = [];
    for (const rows of ROWS) {
      const requests = Array.from({ length: rows }, (_, row) => ({
        prompt: someTokens(row, PROMPT_TOKENS),
        n: 1,
        seed: row,
      }));
      const ours = async () => {
        const started = performance.now();
        await engine.sample(requests, { maxTokens: NEW_TOKENS, stopTokens: [] });
        return (1000 * rows * NEW_TOKENS) / (performance.now() - started);
      };
      rowsOfTable.push(
        await takeTurns(
          `decode 2.9M ${rows} rows`,
          repetitions,
          ours,
          peer && {
            name: peer.description,
            run: async () => (await peer.go(rows)).tokensPerSecond,
          },
        ),
      );
    }
    peer?.stop();
    return rowsOfTable;
  });
  engine.dispose();
  return table;
}
