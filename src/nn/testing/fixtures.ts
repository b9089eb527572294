/** For tests: the checkpoints and figures that python/fixtures/hf_models.py and lora.py write, and runs to hold against them. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import {
  compile,
  exp,
  grad,
  intArray,
  logSoftmax,
  mean,
  mul,
  type NativeTensor,
  neg,
  reshape,
  slice,
  spec,
  sum,
  type Tensor,
  type Tree,
  takeAlong,
} from '../../tensor/index.ts';
import { forwardHidden, headLogits, type Model } from '../transformer.ts';
import type { ModelWeights } from '../weights.ts';

/** The tiny checkpoints: every architecture, and a tied head. */
export const CHECKPOINTS = ['llama', 'llama-tied', 'qwen2', 'qwen3'] as const;

export interface FixtureArray {
  shape: number[];
  data: number[];
}

export interface FixtureVariant {
  file: string;
  dtype: 'F32' | 'F16' | 'BF16';
  logits: FixtureArray;
  logprobs: FixtureArray;
  entropy: FixtureArray;
  loss: number;
  gradients?: (FixtureArray & { name: string; reduction: 'none' | 'sumLastAxis' })[];
}

export interface ModelFixture {
  inputIds: number[][];
  variants: FixtureVariant[];
}

export interface LoraFixture {
  rank: number;
  alpha: number;
  targets: string[];
  adapters: (FixtureArray & { name: string })[];
  inputIds: number[][];
  logits: FixtureArray;
  loss: number;
  gradients: (FixtureArray & { name: string })[];
  merged: (FixtureArray & { name: string })[];
}

/** Path of a fixture folder. */
export function fixtureFolder(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}`, import.meta.url));
}

/** What the reference says of a fixture folder. */
export function expected<T = ModelFixture>(name: string): T {
  return JSON.parse(readFileSync(`${fixtureFolder(name)}/expected.json`, 'utf8')) as T;
}

/** Largest absolute difference. Throws unless the lengths agree; NaN where an element is NaN. */
export function largestGap(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values against ${b.length}`);
  let gap = 0;
  for (let i = 0; i < a.length; i++) gap = Math.max(gap, Math.abs(a[i] - b[i]));
  return gap;
}

/** A traced function of the model and token ids int32 [B, T], run on rows of equal length. */
export async function runModel(
  weights: ModelWeights,
  rows: readonly (readonly number[])[],
  fn: (model: Model, ids: Tensor) => Record<string, Tensor>,
): Promise<Record<string, Float32Array>> {
  const { config, lora, tensors } = weights;
  const shape = [rows.length, rows[0].length];
  const specs = {
    ids: spec('i32', shape),
    parameters: Object.fromEntries(Object.entries(tensors).map(([name, x]) => [name, spec('f32', x.shape)])),
  };
  type Inputs = { ids: Tensor; parameters: Record<string, Tensor> };
  const program = compile<Inputs, Tree<Tensor>>(
    ({ ids, parameters }) => fn({ config, lora, parameters }, ids),
    specs,
  );
  const outputs = program.allocateOutputs() as Record<string, NativeTensor>;
  const ids = intArray(rows.flat(), shape);
  const run = program.bind({ ids, parameters: tensors } as Tree<NativeTensor>, outputs);
  await run.run();
  run.dispose();
  program.dispose();
  return Object.fromEntries(Object.entries(outputs).map(([name, x]) => [name, x.data as Float32Array]));
}

/** log p of every token after the first [B, T-1, 1], from log-probabilities [B, T, V]. */
function ofNextTokens(all: Tensor, ids: Tensor): Tensor {
  const [batch, length] = ids.shape;
  const next = reshape(slice(ids, 1, 1, length), [batch, length - 1, 1]);
  return takeAlong(slice(all, 1, 0, length - 1), next);
}

/** logits [B, T, V], logprobs [B, T-1] of the next tokens, entropy [B, T] and loss of rows of equal length. */
export function evaluate(weights: ModelWeights, rows: readonly (readonly number[])[]) {
  return runModel(weights, rows, (model, ids) => {
    const logits = headLogits(model, forwardHidden(model, ids));
    const all = logSoftmax(logits);
    const logprobs = ofNextTokens(all, ids);
    return { logits, logprobs, entropy: neg(sum(mul(exp(all), all), -1)), loss: neg(mean(logprobs)) };
  });
}

/** Gradients of the mean of -log p over all next tokens, by name of the trainable parameter. */
export function lossGradients(weights: ModelWeights, rows: readonly (readonly number[])[]) {
  const names = Object.keys(weights.gradients);
  return runModel(weights, rows, (model, ids) => {
    const loss = neg(mean(ofNextTokens(logSoftmax(headLogits(model, forwardHidden(model, ids))), ids)));
    const gradients = grad(
      loss,
      names.map((name) => model.parameters[name]),
    );
    return Object.fromEntries(names.map((name, i) => [name, gradients[i]]));
  });
}
