/** Linear layers over 8-bit integers, for sampling: weights quantised once, activations row by row as they come. */
import {
  add,
  int8Product,
  matmul,
  mul,
  type QuantisedRows,
  quantiseRows,
  reshape,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { isAdapted, loraNames } from './lora.ts';
import { type ModelConfig, parameterShapes } from './model-config.ts';
import type { Model } from './transformer.ts';

/** A quantised weight: weight [i, o] · scale[o] is about the parameter's [o, i], its adapter's update included. */
export interface Int8Weight {
  /** int8 [in, out]. */
  weight: Tensor;
  /** float32 [out]. */
  scale: Tensor;
}

const HEAD = 'lm_head';
const SUFFIX = '.weight';

/** The linear layers of a model, the head included, by name, with the parameter that holds each one's weight [out, in]. */
export function linearLayers(
  config: ModelConfig,
): { layer: string; parameter: string; shape: readonly number[] }[] {
  return parameterShapes(config).flatMap(({ name, shape }) => {
    if (shape.length !== 2) return [];
    const embedding = name === 'model.embed_tokens.weight';
    if (embedding && !config.tieEmbeddings) return [];
    return [{ layer: embedding ? HEAD : name.slice(0, -SUFFIX.length), parameter: name, shape }];
  });
}

/** Every linear layer's weight as integers, by the layer's name: one scale an output (symmetric, round to nearest). */
export function quantiseWeights({ config, parameters, lora }: Model): Record<string, Int8Weight> {
  return Object.fromEntries(
    linearLayers(config).map(({ layer, parameter }) => {
      let weight = parameters[parameter];
      const { a, b } = loraNames(layer);
      if (lora && isAdapted(layer, lora) && parameters[a])
        weight = add(weight, mul(matmul(parameters[b], parameters[a]), lora.alpha / lora.rank));
      const { integers, scale } = quantiseRows(weight, { signed: true });
      return [layer, { weight: transpose(integers, [1, 0]), scale }];
    }),
  );
}

/** `Model.product` over quantised weights; layers that read the same input share its quantisation. */
export function int8Products(weights: Readonly<Record<string, Int8Weight>>): NonNullable<Model['product']> {
  const inputs = new Map<Tensor, QuantisedRows>();
  return (layer, x) => {
    const { weight, scale } = weights[layer];
    const rows = inputs.get(x) ?? quantiseRows(reshape(x, [-1, weight.shape[0]]), { signed: false });
    inputs.set(x, rows);
    return reshape(int8Product(rows, weight, scale), [...x.shape.slice(0, -1), weight.shape[1]]);
  };
}
