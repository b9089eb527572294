/** Benchmark: one training step (forward, backward, AdamW) against PyTorch eager. */
import { crossEntropy, lossWeights } from '../src/objectives/index.ts';
import { benchEngine, someTokens } from './model.ts';
import { Peer } from './peer.ts';
import { type BenchRow, takeTurns } from './table.ts';

const SHAPES = [
  { rows: 32, length: 128 },
  { rows: 4, length: 32 },
];

export async function benchTrainStep(python: string | undefined, repetitions: number): Promise<BenchRow[]> {
  const table: BenchRow[] = [];
  for (const { rows, length } of SHAPES) {
    const engine = await benchEngine();
    const objective = crossEntropy();
    const sequences = Array.from({ length: rows }, (_, row) => someTokens(row, length));
    const mask = sequences.map((tokens) => tokens.map((_, t) => (t === 0 ? 0 : 1)));
    const batch = { sequences, mask, weight: lossWeights(mask, 'token-mean'), data: {} };
    const steps = Math.ceil(4096 / (rows * length));
    const ours = async () => {
      const started = performance.now();
      for (let i = 0; i < steps; i++) {
        await engine.forwardBackward(batch, objective);
        await engine.optimStep({ learningRate: 1e-3, weightDecay: 0.01 });
      }
      return (1000 * steps * rows * length) / (performance.now() - started);
    };
    // attention and optimizer 'fastest': the peer tries its variants first and keeps the quickest.
    const settings = { batch: rows, length, threads: 2, attention: 'fastest', optimizer: 'fastest' };
    const peer = python === undefined ? undefined : await Peer.start(python, 'train_step.py', settings);
    table.push(
      await takeTurns(
        `train 2.9M ${rows}x${length}`,
        repetitions,
        ours,
        peer && {
          name: peer.description,
          run: async () => (await peer.go()).tokensPerSecond,
        },
      ),
    );
    peer?.stop();
    engine.dispose();
  }
  return table;
}
