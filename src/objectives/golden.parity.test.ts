/** Every objective through a whole model, against PyTorch: token ids to loss to gradients, and 100 steps of training. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Engine, Objective, TrainingBatch } from '../engine/index.ts';
import { relativeGap, takeGradient, tinyEngine } from '../engine/testing/engines.ts';
import { loadWeights, readSafetensors } from '../nn/index.ts';
import { expected, fixtureFolder, type LoraFixture, largestGap } from '../nn/testing/fixtures.ts';
import { type Aggregation, lossWeights } from './aggregation.ts';
import { createObjective, type ObjectiveConfig, objectiveNames } from './registry.ts';

interface GoldenCase {
  name: string;
  objective: ObjectiveConfig;
  aggregation: Aggregation;
  advantages: 'advantages' | 'tokenAdvantages';
  adapters: boolean;
  gradients: 'all' | 'sums';
  loss: number;
  /** |gradient - truth| / |truth| of transformers (and PEFT) in float32. */
  gradientGapOfFloat32: number;
}

interface Golden {
  maxLength: number;
  batch: { sequences: number[][]; mask: number[][] } & Record<string, number[][]>;
  valueHead: { weight: number[]; bias: number };
  cases: GoldenCase[];
  run: {
    settings: { beta1: number; beta2: number; epsilon: number; weightDecay: number; maxGradNorm: number };
    rates: number[];
    losses: number[];
    gradNorms: number[];
  };
}

const fixture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const golden = JSON.parse(readFileSync(fixture('golden.json'), 'utf8')) as Golden;
const { sequences, mask } = golden.batch;
const adapters = expected<LoraFixture>('lora');

interface GoldenEngine {
  engine: Engine;
  /** Where the gradient of each parameter lies. */
  slots: { name: string; shape: readonly number[]; offset: number; size: number }[];
}

/** The tiny Llama, with the fixtures' adapters and value head where a case has them. */
async function makeEngine(withAdapters: boolean, valueHead: boolean): Promise<GoldenEngine> {
  const { rank, alpha, targets } = adapters;
  const options = { valueHead, lora: withAdapters ? { rank, alpha, targets } : undefined };
  const engine = await tinyEngine('llama', options);
  const { arena } = await loadWeights(fixtureFolder('llama'), options);
  const snapshot = engine.snapshot();
  const set = (name: string, values: readonly number[]) => {
    snapshot.arrays.parameters.set(values, arena.slot(name).offset);
  };
  if (withAdapters) for (const { name, data } of adapters.adapters) set(name, data);
  if (valueHead) {
    set('value_head.weight', golden.valueHead.weight);
    set('value_head.bias', [golden.valueHead.bias]);
  }
  engine.restore(snapshot);
  return { engine, slots: arena.slots.filter(({ trainable }) => trainable) };
}

/**
 * By name: each parameter's gradient as the fixture holds it, whole or summed over either axis of a matrix,
 * weighted 1, 2, 3, 1, 2, 3, … (plain sums over the vocabulary are 0).
 */
function gradientsOf(flat: Float32Array, { slots }: GoldenEngine, how: 'all' | 'sums') {
  const result = new Map<string, Float32Array>();
  for (const { name, shape, offset, size } of slots) {
    const gradient = flat.subarray(offset, offset + size);
    if (how === 'all' || shape.length === 1) {
      result.set(name, gradient);
      continue;
    }
    const rows = new Float64Array(shape[0]);
    const columns = new Float64Array(shape[1]);
    gradient.forEach((g, i) => {
      const [row, column] = [Math.floor(i / shape[1]), i % shape[1]];
      rows[row] += (1 + (column % 3)) * g;
      columns[column] += (1 + (row % 3)) * g;
    });
    result.set(`${name}#rows`, Float32Array.from(rows));
    result.set(`${name}#columns`, Float32Array.from(columns));
  }
  return result;
}

/** The fixture's candidates, or every token of the vocabulary where an objective asks for as many. */
function candidatesOf(k: number | undefined): Int32Array[] | undefined {
  if (k === undefined) return undefined;
  return sequences.map((tokens, i) => {
    const given = golden.batch.candidates[i];
    return given.length === k * tokens.length
      ? Int32Array.from(given)
      : Int32Array.from({ length: k * tokens.length }, (_, j) => j % k);
  });
}

function batchOf({ aggregation, advantages }: GoldenCase, { needs }: Objective): TrainingBatch {
  return {
    candidates: candidatesOf(needs.candidates),
    sequences,
    mask,
    weight: lossWeights(mask, aggregation, { maxLength: golden.maxLength }),
    data: { ...golden.batch, advantages: golden.batch[advantages] },
  };
}

const engines = new Map<string, Promise<GoldenEngine>>();
const results = new Map<GoldenCase, Promise<{ loss: number; gradients: Map<string, Float32Array> }>>();

/** Loss and gradients of a case, computed once. */
function resultOf(one: GoldenCase) {
  const known = results.get(one);
  if (known) return known;
  const objective = createObjective(one.objective);
  const { values = false } = objective.needs;
  const key = `${one.adapters} ${values}`;
  const holder = engines.get(key) ?? makeEngine(one.adapters, values);
  engines.set(key, holder);
  const result = holder.then(async (made) => {
    const { loss } = await made.engine.forwardBackward(batchOf(one, objective), objective);
    return { loss, gradients: gradientsOf(await takeGradient(made.engine), made, one.gradients) };
  });
  results.set(one, result);
  return result;
}

afterAll(async () => {
  for (const { engine } of await Promise.all(engines.values())) engine.dispose();
});

/** By name of the parameter. */
async function truths(): Promise<Map<string, Float32Array>[]> {
  const tensors = await readSafetensors(fixture('golden.safetensors'));
  return golden.cases.map((_, i) => {
    const prefix = `${i}/`;
    const own = [...tensors].filter(([name]) => name.startsWith(prefix));
    return new Map(own.map(([name, { data }]) => [name.slice(prefix.length), data]));
  });
}
const gradientsByCase = await truths();
const cases = golden.cases.map((one, i) => ({ ...one, one, truth: gradientsByCase[i] }));

const joined = (gradients: ReadonlyMap<string, Float32Array>, names: Iterable<string>) =>
  Float32Array.from([...names].flatMap((name) => [...(gradients.get(name) ?? [])]));

it('golden figures exist for every registered objective, with the whole gradient', () => {
  const whole = golden.cases.filter(({ gradients, adapters }) => gradients === 'all' && !adapters);
  expect(whole.map(({ objective }) => objective.name).sort()).toEqual([...objectiveNames].sort());
});

describe.each(objectiveNames)('%s of a whole model, against PyTorch', (name) => {
  const own = cases.filter(({ objective }) => objective.name === name);

  it.each(own)('loss: $name', async ({ one, loss }) => {
    const ours = await resultOf(one);
    expect(Math.abs(ours.loss - loss) / Math.max(1, Math.abs(loss))).toBeLessThan(2e-5);
  });

  it.each(own)('gradients of every parameter: $name', async ({ one, truth }) => {
    const { gradients } = await resultOf(one);
    expect([...gradients.keys()].sort()).toEqual([...truth.keys()].sort());
    for (const [parameter, values] of truth) {
      const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      expect(largest, parameter).toBeGreaterThan(0);
      const gap = largestGap(gradients.get(parameter) ?? [], values);
      expect(gap / largest, parameter).toBeLessThan(1e-4);
    }
    expect(relativeGap(joined(gradients, truth.keys()), joined(truth, truth.keys()))).toBeLessThan(2e-5);
  });
});

describe('distance of gradients from float64, over the distance of transformers in float32', () => {
  const whole = cases.filter(({ gradients }) => gradients === 'all');
  it.each(whole)('$name', async ({ one, truth, gradientGapOfFloat32 }) => {
    const { gradients } = await resultOf(one);
    const gap = relativeGap(joined(gradients, truth.keys()), joined(truth, truth.keys()));
    expect(gap / gradientGapOfFloat32).toBeLessThan(3);
  });
});

describe('100 training steps with AdamW, decay, clipping and a cosine schedule, against PyTorch', () => {
  const { settings, rates, losses, gradNorms } = golden.run;
  const history: { loss: number; gradNorm: number }[] = [];

  it('the loss before each step', async () => {
    const engine = await tinyEngine('llama');
    const whole = sequences.map((tokens) => tokens.map((_, t) => (t > 0 ? 1 : 0)));
    const batch = { sequences, mask: whole, weight: lossWeights(whole, 'token-mean'), data: {} };
    for (const learningRate of rates) {
      const { loss } = await engine.forwardBackward(batch, createObjective({ name: 'cross-entropy' }));
      const { gradNorm } = await engine.optimStep({ ...settings, learningRate });
      history.push({ loss, gradNorm });
    }
    engine.dispose();
    expect(losses).toHaveLength(100);
    expect(losses[0]).toBeGreaterThan(5 * losses[99]);
    expect(
      largestGap(
        history.map(({ loss }) => loss),
        losses,
      ),
    ).toBeLessThan(1e-5);
  });

  it("the gradient's norm at each step", () => {
    expect(gradNorms.some((norm) => norm > settings.maxGradNorm)).toBe(true);
    expect(gradNorms.some((norm) => norm < settings.maxGradNorm)).toBe(true);
    const relative = history.map(({ gradNorm }, i) => gradNorm / gradNorms[i]);
    expect(
      largestGap(
        relative,
        gradNorms.map(() => 1),
      ),
    ).toBeLessThan(1e-4);
  });
});
