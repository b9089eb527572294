/** Benchmark: resident memory over a run of 2 000 steps, which must not grow with the number of steps. */
import type { BenchContext } from './context.ts';
import { PeerProcess } from './peers/process.ts';
import type { BenchRow } from './row.ts';

const STEPS = 2000;
const EVERY = 200;
/** Steps that a run may take to meet every shape of batch and have its caches full. */
const SETTLED = 600;

/** Growth from the 600th to the 2 000th step, MiB; the note has the memory every 200 steps. */
export async function* benchMemory(context: BenchContext): AsyncGenerator<BenchRow> {
  const work = `memory ${STEPS} steps`;
  if (!context.wants(work)) return;
  const run = await PeerProcess.node('../points/memory.ts', { steps: EVERY });
  const resident: number[] = [];
  let memoryMiB = 0;
  try {
    for (let step = EVERY; step <= STEPS; step += EVERY) {
      const answer = await run.go();
      resident.push(answer.residentMiB as number);
      memoryMiB = answer.memoryMiB as number;
    }
  } finally {
    await run.stop();
  }
  const growth = resident[resident.length - 1] - resident[SETTLED / EVERY - 1];
  const series = resident.map((mib) => mib.toFixed(0)).join(' ');
  const note = `MiB every ${EVERY} steps: ${series}`;
  yield { work, unit: 'MiB', ours: growth, low: growth, high: growth, repetitions: 1, memoryMiB, note };
}
