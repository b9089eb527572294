/** Benchmark: one training step (forward, backward, AdamW), of all weights or of adapters, against PyTorch. */
import type { Engine, TrainingBatch } from '../src/engine/index.ts';
import { crossEntropy, lossWeights } from '../src/objectives/index.ts';
import type { BenchContext } from './context.ts';
import { trainingFlops } from './flops.ts';
import { BENCH_LORA, benchEngine, MODELS, type ModelName, someTokens } from './models.ts';
import { PeerProcess } from './peers/process.ts';
import { asSide, type StartedPeer, stopPeers, tryPeer } from './peers/start.ts';
import type { BenchRow } from './row.ts';
import { takeTurns } from './turns.ts';

interface Case {
  model: ModelName;
  rows: number;
  length: number;
  lora: boolean;
}

const SIZES: readonly ModelName[] = ['0.8M', '2.9M', '12M', '45M'];
/** Small steps, the usual step, and long sequences. */
const FULL = [
  [4, 32],
  [32, 128],
  [8, 512],
] as const;
const LORA = [
  [4, 32],
  [32, 128],
] as const;

const CASES: readonly Case[] = SIZES.flatMap((model) => [
  ...FULL.map(([rows, length]) => ({ model, rows, length, lora: false })),
  ...LORA.map(([rows, length]) => ({ model, rows, length, lora: true })),
]);

/** A repetition is as many steps as make up this many model operations: about half a second at a modern machine's peak. */
const OPERATIONS_A_REPETITION = 7e10;

const workOf = ({ model, rows, length, lora }: Case) =>
  `train ${model} ${rows}x${length}${lora ? ' lora' : ''}`;

/** Every token but the first of each sequence is learned. */
export function someBatch(rows: number, length: number): TrainingBatch {
  const sequences = Array.from({ length: rows }, (_, row) => someTokens(row, length));
  const mask = sequences.map((tokens) => tokens.map((_, t) => (t === 0 ? 0 : 1)));
  return { sequences, mask, weight: lossWeights(mask, 'token-mean'), data: {} };
}

/** Does `steps` training steps; tokens a second. */
export async function timeSteps(engine: Engine, batch: TrainingBatch, steps: number): Promise<number> {
  const objective = crossEntropy();
  const started = performance.now();
  for (let i = 0; i < steps; i++) {
    await engine.forwardBackward(batch, objective);
    await engine.optimStep({ learningRate: 1e-3, weightDecay: 0.01 });
  }
  const tokens = batch.sequences.reduce((sum, tokens) => sum + tokens.length, 0);
  return (1000 * steps * tokens) / (performance.now() - started);
}

export async function* benchTrainStep(context: BenchContext): AsyncGenerator<BenchRow> {
  for (const one of CASES) if (context.wants(workOf(one))) yield* await benchCase(context, one);
}

async function benchCase(context: BenchContext, one: Case): Promise<BenchRow[]> {
  const { model, rows, length, lora } = one;
  const engine = await benchEngine(model, { lora });
  const peers = await startPeers(context, one);
  const batch = someBatch(rows, length);
  const flops = trainingFlops(MODELS[model], rows, length, lora ? BENCH_LORA : undefined);
  const steps = Math.ceil(OPERATIONS_A_REPETITION / flops);
  try {
    return await takeTurns({
      ...context,
      work: workOf(one),
      unit: 'tokens/s',
      ours: () => timeSteps(engine, batch, steps),
      peers: peers.map((peer) =>
        asSide(peer, async (it) => (steps * rows * length) / (await it.go(steps)).seconds),
      ),
      flopsPerUnit: flops / (rows * length),
    });
  } finally {
    await stopPeers(peers);
    engine.dispose();
  }
}

/** PyTorch as it is, with the fastest of its attentions and optimisers, and the same compiled. */
async function startPeers({ peers, threads }: BenchContext, one: Case): Promise<StartedPeer[]> {
  if (peers === undefined) return [];
  const { hiddenSize, intermediateSize, layers, heads, vocabSize } = MODELS[one.model];
  const settings = {
    batch: one.rows,
    length: one.length,
    threads,
    vocab: vocabSize,
    hidden: hiddenSize,
    intermediate: intermediateSize,
    layers,
    heads,
    kvHeads: heads,
    lora: one.lora ? { rank: BENCH_LORA.rank, alpha: BENCH_LORA.alpha, targets: BENCH_LORA.targets } : null,
  };
  const start = (name: string, more: Record<string, unknown>) =>
    tryPeer(name, () => PeerProcess.python(peers.python, 'train_step.py', { ...settings, ...more }));
  const eager = await start(`PyTorch eager${one.lora ? ', PEFT' : ''}`, {});
  const { attention, optimizer } = eager instanceof PeerProcess ? eager.ready : {};
  const compiled = `torch.compile${one.lora ? ', PEFT' : ''}`;
  return [eager, await start(compiled, { compile: true, attention, optimizer })];
}
