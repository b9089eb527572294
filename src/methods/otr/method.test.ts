/** OTR's step on a real small model: candidates of every place, wrong ones pushed down, exact and sampled alike, resumable. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import type { Engine } from '../../engine/index.ts';
import { type Method, startingModel } from '../../training/index.ts';
import { successor } from '../../training/testing/successor.ts';
import { supervised } from '../supervised/method.ts';
import { dft } from './dft.ts';
import { otr } from './method.ts';

const environment = successor();
const model = {
  config: { hiddenSize: 16, layers: 1, heads: 2, maxPositions: 16 },
  tokenizer: 'symbols' as const,
};

async function started(method: Method, config: object = {}) {
  const { engine, tokenizer } = await startingModel({ model, seed: 4 }, environment.symbols);
  const instance = method.create(method.config.parse({ batchSize: 10, ...method.defaults, ...config }), {
    engine,
    tokenizer,
    environment,
    curriculum: sequential(70),
    sampling: { maxTokens: 4, temperature: 1 },
    seed: 2,
    stage: 0,
  });
  return { engine, instance, tokenizer };
}

const contextOf = (step: number) => ({
  step,
  stageStep: step,
  signal: new AbortController().signal,
  onTokens() {},
  onTime() {},
});

/** Weights after one update of plain descent size. */
async function stepped(
  method: Method,
  config: object = {},
): Promise<{ change: Float32Array; engine: Engine }> {
  const { engine, instance } = await started(method, config);
  const before = engine.snapshot().arrays.parameters;
  const { updates } = await instance.step(contextOf(1));
  for (const { batch, objective } of updates) await engine.forwardBackward(batch, objective);
  // With a large epsilon Adam's first step is a multiple of the gradient.
  await engine.optimStep({ learningRate: 1, epsilon: 1e4 });
  const change = engine.snapshot().arrays.parameters.map((x, i) => x - before[i]);
  return { change, engine };
}

const cosine = (a: Float32Array, b: Float32Array) => {
  const dot = (x: Float32Array, y: Float32Array) => x.reduce((sum, v, i) => sum + v * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
};

describe('OTR', () => {
  it('draws candidates for every token of the answers, and none for the prompts', async () => {
    const { engine, instance, tokenizer } = await started(otr, { candidates: 5 });
    const { updates } = await instance.step(contextOf(1));
    const [{ batch, objective }] = updates;
    expect(objective).toMatchObject({ name: 'one-token-rollout', needs: { candidates: 5 } });
    expect(batch.sequences).toHaveLength(10);
    batch.sequences.forEach((tokens, i) => {
      expect(batch.candidates?.[i]).toHaveLength(5 * tokens.length);
      expect([...(batch.candidates?.[i] ?? [])].every((id) => id < tokenizer.vocabSize)).toBe(true);
      Array.from(batch.data.hits[i]).forEach((share, t) => {
        if (batch.mask[i][t] === 0) expect(share).toBe(0);
      });
    });
    const { metrics } = await engine.forwardBackward(batch, objective);
    expect(metrics.hits).toBeGreaterThan(0);
    expect(metrics.missed).toBeGreaterThan(0.2);
    engine.dispose();
  });

  it('in expectation goes where dynamic fine-tuning goes, (1 - β) times as far', async () => {
    const [exact, dynamic] = [
      await stepped(otr, { estimate: 'exact', wrongReward: -0.25 }),
      await stepped(dft),
    ];
    expect(cosine(exact.change, dynamic.change)).toBeGreaterThan(0.9999);
    const norm = (x: Float32Array) => Math.hypot(...x);
    expect(norm(exact.change) / norm(dynamic.change)).toBeCloseTo(1.25, 2);
    const plain = await stepped(supervised);
    expect(cosine(plain.change, dynamic.change)).toBeLessThan(0.999);
    for (const { engine } of [exact, dynamic, plain]) engine.dispose();
  });

  it('with many draws goes where the expectation goes; with wrong candidates unheard it does not', async () => {
    const exact = await stepped(otr, { estimate: 'exact', wrongReward: -1 });
    const sampled = await stepped(otr, { candidates: 2000, wrongReward: -1 });
    const deaf = await stepped(otr, { candidates: 2000, wrongReward: 0 });
    expect(cosine(sampled.change, exact.change)).toBeGreaterThan(0.98);
    const gap = (x: Float32Array) => Math.hypot(...x.map((v, i) => v - sampled.change[i]));
    expect(gap(deaf.change)).toBeGreaterThan(2 * gap(exact.change));
    for (const { engine } of [exact, sampled, deaf]) engine.dispose();
  });

  it('draws the same after a resume: it remembers nothing but the step', async () => {
    const [one, other] = [await started(otr, { candidates: 7 }), await started(otr, { candidates: 7 })];
    other.instance.restore(one.instance.state());
    const [a, b] = [await one.instance.step(contextOf(3)), await other.instance.step(contextOf(3))];
    expect(a.updates[0].batch.candidates).toEqual(b.updates[0].batch.candidates);
    for (const { engine } of [one, other]) engine.dispose();
  });
});
