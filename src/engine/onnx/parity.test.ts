/** The two paths of every objective must agree: fused into the model's graph, and on what `forward` returned. */
import { expect, it } from 'vitest';
import { grpo, ppoClip } from '../../objectives/index.ts';
import {
  add,
  array,
  grad,
  jit,
  mul,
  type NativeTensor,
  reshape,
  slice,
  square,
  sum,
  type Tensor,
  type Tree,
} from '../../tensor/index.ts';
import type { Engine, Objective, ObjectiveInputs, TrainingBatch } from '../index.ts';
import { randomBatch, randomTokens, relativeGap, takeGradient, tinyEngine } from '../testing/engines.ts';

type Rows = readonly ArrayLike<number>[];
type Output = 'logprobs' | 'entropy' | 'values' | 'candidates';

const K = 3;

/** Nonlinear in everything that `forward` can return. */
const everything: Objective = {
  name: 'everything',
  key: 'everything',
  needs: { entropy: true, values: true, candidates: K },
  data: ['returns'],
  scalars: ['strength'],
  evaluate({ logprobs, entropy, values, candidates, weight, data, scalars }) {
    const [e, v, c] = [entropy, values, candidates] as Tensor[];
    const own = add(mul(square(logprobs), data.returns), mul(square(add(v, 0.5)), e));
    const token = add(own, mul(sum(square(c), -1), scalars.strength));
    return { loss: sum(mul(weight, token)), metrics: {} };
  },
};

/** The outputs that an objective reads. */
function outputsOf({ needs }: Objective): Output[] {
  const { entropy, values, candidates } = needs;
  return [
    'logprobs',
    ...(entropy ? ['entropy' as const] : []),
    ...(values ? ['values' as const] : []),
    ...(candidates ? ['candidates' as const] : []),
  ];
}

/** Loss Σ c · output with constants c: it carries a gradient with respect to outputs back into the model. */
function linear(objective: Objective): Objective {
  const names = outputsOf(objective).flatMap((name) =>
    name === 'candidates' ? Array.from({ length: K }, (_, k) => `candidates${k}`) : [name],
  );
  const terms = (inputs: ObjectiveInputs) =>
    names.map((name) => {
      const { mask, candidates } = inputs;
      const k = Number(name.slice('candidates'.length));
      const output = name.startsWith('candidates')
        ? reshape(slice(candidates as Tensor, 2, k, k + 1), mask.shape)
        : inputs[name as 'logprobs'];
      return sum(mul(output, inputs.data[name]));
    });
  return {
    name: 'linear',
    key: `linear ${names}`,
    needs: objective.needs,
    data: names,
    scalars: [],
    evaluate: (inputs) => ({ loss: terms(inputs).reduce(add), metrics: {} }),
  };
}

/** Loss, and its gradient with respect to what `forward` returns, evaluated on plain arrays. */
async function onOutputs(engine: Engine, batch: TrainingBatch, objective: Objective) {
  const { sequences, mask, weight, data, candidates: ids = [], scalars = {} } = batch;
  const lengths = sequences.map((tokens) => tokens.length);
  const longest = Math.max(...lengths);
  const wanted = outputsOf(objective);
  const { entropy, values } = objective.needs;
  const candidates = objective.needs.candidates ? { k: K, ids } : undefined;
  const outputs = await engine.forward(sequences, { entropy, values, candidates });
  const padded = (rows: Rows, width = 1) => {
    const flat = new Float32Array(rows.length * longest * width);
    rows.forEach((row, i) => {
      flat.set(row, i * longest * width);
    });
    return array(flat, width === 1 ? [rows.length, longest] : [rows.length, longest, width]);
  };
  const evaluate = jit(
    (inputs: { outputs: Record<string, Tensor>; fixed: Record<string, Tensor> & ObjectiveInputs }) => {
      const { loss } = objective.evaluate({ ...inputs.fixed, ...inputs.outputs });
      const gradients = grad(
        loss,
        wanted.map((name) => inputs.outputs[name]),
      );
      return { loss, gradients: Object.fromEntries(wanted.map((name, i) => [name, gradients[i]])) };
    },
  );
  const result = (await evaluate({
    outputs: Object.fromEntries(
      wanted.map((name) => [name, padded(outputs[name] as Rows, name === 'candidates' ? K : 1)]),
    ),
    fixed: {
      mask: padded(mask),
      weight: padded(weight),
      share: padded(weight),
      data: Object.fromEntries(objective.data.map((name) => [name, padded(data[name])])),
      scalars: Object.fromEntries(objective.scalars.map((name) => [name, array([scalars[name]], [])])),
    },
  } as Tree<NativeTensor>)) as { loss: NativeTensor; gradients: Record<Output, NativeTensor> };
  /** Entries k of the rows of a padded array. */
  const unpadded = (x: NativeTensor, width: number, k: number) =>
    lengths.map((length, row) =>
      Float32Array.from({ length }, (_, t) => Number(x.data[(row * longest + t) * width + k])),
    );
  const gradients = wanted.flatMap((name): [string, Float32Array[]][] =>
    name === 'candidates'
      ? Array.from({ length: K }, (_, k) => [`candidates${k}`, unpadded(result.gradients[name], K, k)])
      : [[name, unpadded(result.gradients[name], 1, 0)]],
  );
  return { loss: Number(result.loss.data[0]), gradients: Object.fromEntries(gradients) };
}

it.each([
  ['grpo', grpo()],
  ['grpo with a sequence ratio and an entropy bonus', grpo({ ratio: 'sequence', entropyCoefficient: 0.3 })],
  ['ppo with values and entropy', ppoClip({ entropyCoefficient: 0.1 })],
  ['an objective of all outputs, with candidates and a scalar', everything],
] as const)('%s: the fused gradient is the one chained through the outputs', async (_, objective) => {
  const engine = await tinyEngine('qwen3', { valueHead: true });
  const batch: TrainingBatch = {
    ...randomBatch([9, 30, 2, 17], 3),
    scalars: { strength: 0.2 },
    candidates: [9, 30, 2, 17].map((length, i) => Int32Array.from(randomTokens(length * K, 'candidates', i))),
  };
  const fused = await engine.forwardBackward(batch, objective);
  const gradient = await takeGradient(engine);

  const apart = await onOutputs(engine, batch, objective);
  expect(Math.abs(apart.loss - fused.loss)).toBeLessThan(1e-5 * Math.max(1, Math.abs(fused.loss)));
  await engine.forwardBackward({ ...batch, data: apart.gradients }, linear(objective));
  const chained = await takeGradient(engine);
  expect(gradient.some((g) => Math.abs(g) > 1e-2)).toBe(true);
  expect(relativeGap(chained, gradient)).toBeLessThan(1e-5);
  engine.dispose();
});
