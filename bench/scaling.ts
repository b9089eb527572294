/** Benchmark: cost against work. Ten times the batch, length, parameters or tasks: how much more time, how much memory. */
import type { BenchContext } from './context.ts';
import { trainingFlops } from './flops.ts';
import { grpoFlopsPerCompletion } from './grpo.ts';
import { MODELS, type ModelName } from './models.ts';
import { PeerProcess } from './peers/process.ts';
import type { BenchRow, Unit } from './row.ts';
import { median } from './turns.ts';

/** One size of the work, measured in a process of its own. */
interface Point {
  work: string;
  script: string;
  settings: Record<string, unknown>;
  unit: Unit;
  /** In the unit, of one repetition. */
  amount: number;
  /** Model operations of one repetition. */
  flops: number;
}

interface Measured {
  seconds: number[];
  memoryMiB: number;
}

function trainPoint(model: ModelName, rows: number, length: number): Point {
  return {
    work: `scale train ${model} ${rows}x${length}`,
    script: '../points/train.ts',
    settings: { model, rows, length },
    unit: 'tokens/s',
    amount: rows * length,
    flops: trainingFlops(MODELS[model], rows, length),
  };
}

const COMPLETIONS_A_PROMPT = 8;

function grpoPoint(prompts: number): Point {
  const completions = prompts * COMPLETIONS_A_PROMPT;
  return {
    work: `scale grpo 2.9M ${prompts} tasks`,
    script: '../points/grpo.ts',
    settings: { model: '2.9M', prompts },
    unit: 'completions/s',
    amount: completions,
    flops: completions * grpoFlopsPerCompletion(),
  };
}

/** What grows tenfold, from one point to the other; the second does at least ten times the work. */
const GROWTHS: readonly { work: string; from: Point; to: Point }[] = [
  { work: 'scale batch 10x', from: trainPoint('2.9M', 8, 64), to: trainPoint('2.9M', 80, 64) },
  { work: 'scale length 10x', from: trainPoint('2.9M', 16, 32), to: trainPoint('2.9M', 16, 320) },
  { work: 'scale parameters 10x', from: trainPoint('2.9M', 8, 64), to: trainPoint('29M', 8, 64) },
  { work: 'scale tasks 10x', from: grpoPoint(4), to: grpoPoint(40) },
];

/** Yields a row for each end of a growth (speed and memory), and one for the time that ten times the work takes. */
export async function* benchScaling(context: BenchContext): AsyncGenerator<BenchRow> {
  for (const { work, from, to } of GROWTHS) {
    if (!context.wants(work)) continue;
    const [small, large] = await measureInTurns([from, to], context);
    yield speedRow(from, small, context.peak.best);
    yield speedRow(to, large, context.peak.best);
    yield timeRow(work, from, to, small, large);
  }
}

async function measureInTurns(
  points: readonly Point[],
  { repetitions, peak }: BenchContext,
): Promise<Measured[]> {
  const processes: PeerProcess[] = [];
  const measured = points.map((): Measured => ({ seconds: [], memoryMiB: 0 }));
  try {
    for (const { script, settings } of points) processes.push(await PeerProcess.node(script, settings));
    for (let i = 0; i < repetitions; i++) {
      peak.probe();
      for (const [p, process] of processes.entries()) {
        const { seconds, memoryMiB } = await process.go();
        measured[p].seconds.push(seconds);
        measured[p].memoryMiB = memoryMiB as number;
      }
    }
    return measured;
  } finally {
    for (const process of processes) await process.stop();
  }
}

function speedRow(point: Point, { seconds, memoryMiB }: Measured, peak: number): BenchRow {
  const typical = median(seconds);
  return {
    work: point.work,
    unit: point.unit,
    ours: point.amount / typical,
    low: point.amount / Math.max(...seconds),
    high: point.amount / Math.min(...seconds),
    repetitions: seconds.length,
    peakShare: point.flops / typical / peak,
    memoryMiB,
  };
}

/** Time of ten times the work in units of the time of the work: 10 where cost is proportional to model operations. */
function timeRow(work: string, from: Point, to: Point, small: Measured, large: Measured): BenchRow {
  const growth = to.flops / from.flops;
  const perTen = (time: number) => (10 * time) / growth;
  const typical = median(large.seconds) / median(small.seconds);
  return {
    work,
    unit: 'x time',
    ours: perTen(typical),
    low: perTen(Math.min(...large.seconds) / Math.max(...small.seconds)),
    high: perTen(Math.max(...large.seconds) / Math.min(...small.seconds)),
    repetitions: small.seconds.length,
    memoryMiB: large.memoryMiB,
    note: `${growth.toFixed(1)} x the operations took ${typical.toFixed(1)} x the time; memory ${(large.memoryMiB / small.memoryMiB).toFixed(1)} x`,
  };
}
