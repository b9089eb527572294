import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import {
  array,
  compile,
  int8Product,
  NativeTensor,
  quantiseRows,
  ShapeError,
  spec,
  type Tensor,
  type Tree,
} from '../tensor/index.ts';
import { type Int8Weight, int8Products, linearLayers, quantiseWeights } from './int8.ts';
import { type ModelConfig, parameterShapes } from './model-config.ts';

const draws = rng(5, 'int8');
const normals = (n: number) => Float32Array.from({ length: n }, () => draws.normal());
const specOf = (x: NativeTensor) => spec(x.dtype, x.shape);

async function run(fn: (x: Record<string, Tensor>) => Tree<Tensor>, inputs: Record<string, NativeTensor>) {
  const specs = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, specOf(x)]));
  const program = compile(fn as never, specs);
  const outputs = program.allocateOutputs() as Record<string, NativeTensor>;
  await program.bind(inputs, outputs).run();
  return outputs;
}

const product = ({ x, w }: Record<string, Tensor>) => {
  const weights = quantiseWeights({ config: LAYER, parameters: { 'lm_head.weight': w } });
  return { y: int8Products(weights)?.('lm_head', x) as Tensor };
};
const LAYER = { layers: 0, vocabSize: 6, hiddenSize: 40, tieEmbeddings: false } as ModelConfig;

describe('int8 products', () => {
  it('are near the exact ones, and round as defined', async () => {
    const [rows, width, out] = [5, 40, 6];
    const x = normals(rows * width);
    const w = normals(out * width);
    const { y } = await run(product, { x: array(x, [rows, width]), w: array(w, [out, width]) });
    const levels = (values: Float32Array) => {
      const scale = Math.fround(Math.max(...values.map(Math.abs)) / 127);
      return { scale, integers: [...values].map((v) => Math.round(v / scale)) };
    };
    for (let r = 0; r < rows; r++)
      for (let o = 0; o < out; o++) {
        const a = x.subarray(r * width, (r + 1) * width);
        const b = w.subarray(o * width, (o + 1) * width);
        const exact = a.reduce((sum, v, i) => sum + v * b[i], 0);
        const [qa, qb] = [levels(a), levels(b)];
        const rounded = qa.integers.reduce((sum, v, i) => sum + v * qb.integers[i], 0) * qa.scale * qb.scale;
        const got = Number(y.data[r * out + o]);
        // A level may round the other way where float32 puts it on the edge: one step of one number.
        expect(Math.abs(got - rounded)).toBeLessThan(2 * 127 * qa.scale * qb.scale);
        expect(Math.abs(got - exact)).toBeLessThan(0.3);
        expect(got).not.toBe(exact);
      }
  });

  it('give a row the same bits whatever rows are beside it, and rows of zeros zero', async () => {
    const w = array(normals(6 * 40), [6, 40]);
    const small = normals(40);
    const huge = normals(40).map((v) => 1e4 * v);
    const alone = await run(product, { x: array(small, [1, 40]), w });
    const rows = array([...huge, ...small, ...new Float32Array(40)], [3, 40]);
    const beside = await run(product, { x: rows, w });
    expect(beside.y.data.subarray(6, 12)).toEqual(alone.y.data);
    expect([...beside.y.data.subarray(12)]).toEqual([0, 0, 0, 0, 0, 0]);
  });

  it('refuse what does not fit, naming the operation', () => {
    const f32 = (...shape: number[]) => NativeTensor.zeros('f32', shape);
    const rows =
      (signed: boolean) =>
      ({ x }: Record<string, Tensor>) => ({
        y: quantiseRows(x, { signed }).integers,
      });
    expect(() => compile(rows(true) as never, { x: specOf(f32(2, 3, 4)) })).toThrow(ShapeError);
    const wrong = ({ x, w }: Record<string, Tensor>) => {
      const { integers, scale } = quantiseRows(w, { signed: true });
      return { y: int8Product(quantiseRows(x, { signed: false }), integers, scale) };
    };
    expect(() => compile(wrong as never, { x: specOf(f32(2, 3)), w: specOf(f32(4, 5)) })).toThrow(
      'int8Product: shapes [2,3], [4,5] and [4], expected [M, K], [K, N] and [N]',
    );
  });
});

describe('the linear layers', () => {
  const config = {
    architecture: 'llama',
    vocabSize: 9,
    hiddenSize: 8,
    intermediateSize: 16,
    layers: 2,
    heads: 2,
    kvHeads: 1,
    headDim: 4,
    qkNorm: true,
    qkvBias: true,
  } as ModelConfig;

  it.each([true, false])('are seven a block and the head (tied: %s)', (tieEmbeddings) => {
    const layers = linearLayers({ ...config, tieEmbeddings });
    expect(layers.length).toBe(15);
    const head = layers.find(({ layer }) => layer === 'lm_head');
    expect(head?.parameter).toBe(tieEmbeddings ? 'model.embed_tokens.weight' : 'lm_head.weight');
  });

  it('are quantised with their adapters merged', async () => {
    const shapes = parameterShapes({ ...config, tieEmbeddings: true });
    const lora = { rank: 2, alpha: 6, targets: ['v_proj'] };
    const layer = 'model.layers.1.self_attn.v_proj';
    const inputs = Object.fromEntries(
      shapes.map(({ name, shape }) => [name, array(normals(shape.reduce((a, b) => a * b, 1)), shape)]),
    );
    inputs[`${layer}.lora_A.weight`] = array(normals(2 * 8), [2, 8]);
    inputs[`${layer}.lora_B.weight`] = array(normals(4 * 2), [4, 2]);
    const quantised = (await run((parameters) => {
      const made = quantiseWeights({ config: { ...config, tieEmbeddings: true }, parameters, lora });
      return made as unknown as Tree<Tensor>;
    }, inputs)) as unknown as Record<string, Record<keyof Int8Weight, NativeTensor>>;
    const { weight, scale } = quantised[layer];
    const [w, a, b] = ['', '.lora_A', '.lora_B'].map((part) => inputs[`${layer}${part}.weight`].data);
    expect(weight.shape).toEqual([8, 4]);
    for (let o = 0; o < 4; o++)
      for (let i = 0; i < 8; i++) {
        const update = Number(b[o * 2]) * Number(a[i]) + Number(b[o * 2 + 1]) * Number(a[8 + i]);
        const merged = Number(w[o * 8 + i]) + 3 * update;
        const step = Number(scale.data[o]);
        expect(Math.abs(Number(weight.data[i * 4 + o]) * step - merged)).toBeLessThan(0.501 * step);
      }
  });
});
