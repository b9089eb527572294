/** Updates of several batches: one optimiser step on the sum of their gradients. */
import { expect, it } from 'vitest';
import { crossEntropy, reinforce } from '../objectives/index.ts';
import { applyUpdates } from './apply-updates.ts';
import { rowsToBatch } from './batch.ts';
import type { Stage } from './recipe.ts';
import { successorTokenizer } from './testing/successor.ts';
import { TabularEngine } from './testing/tabular-engine.ts';

const tokenizer = successorTokenizer();
const stage = { method: 'x', name: 'x', weightDecay: 0, maxGradNorm: 0 } as Stage;

function batchOf(texts: readonly string[], advantage?: number) {
  const rows = texts.map((text) => {
    const tokens = tokenizer.encode(text);
    const data: Record<string, number[]> =
      advantage === undefined ? {} : { advantages: tokens.map(() => advantage) };
    return { tokens, mask: tokens.map((_, t) => Number(t > 0)), data };
  });
  const batch = rowsToBatch(rows, { aggregation: 'token-mean' });
  if (batch === undefined) throw new Error('no batch');
  return batch;
}

it('adds the gradients of further batches before the one optimiser step, and reports all of them', async () => {
  const one = { batch: batchOf(['12=3', '45=6']), objective: crossEntropy() };
  const two = { batch: batchOf(['78=9'], 0.5), objective: reinforce() };
  const engine = new TabularEngine({ tokenizer });
  const losses: number[] = [];
  let sum = new Float32Array(engine.table.length);
  for (const { batch, objective } of [one, two]) {
    losses.push((await engine.forwardBackward(batch, objective)).loss);
    const gradient = await engine.takeGradient();
    sum = sum.map((x, i) => x + gradient[i]);
  }
  const [{ result, gradNorm }] = await applyUpdates(engine, stage, [{ ...two, also: [one] }], 0.1);
  expect(engine.weightsVersion).toBe(1);
  expect(result.loss).toBeCloseTo(losses[0] + losses[1], 5);
  expect(result.metrics.nll).toBeCloseTo(losses[0], 5);
  expect(gradNorm).toBeCloseTo(Math.hypot(...sum), 5);
});
