/** Checkpoints: the gradients of what they wrap, in less memory. Their rule is among those of gradients.test.ts. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rng } from '../random/index.ts';
import {
  add,
  array,
  checkpoint,
  compile,
  grad,
  linear,
  type NativeTensor,
  silu,
  spec,
  square,
  sum,
  type Tensor,
  type Tree,
} from './index.ts';

const ROWS = 256;
const WIDTH = 32;
const INNER = 512;
const LAYERS = 12;

type Weights = Record<string, Tensor>;

/** Residual layers with a wide inside, and their gradients. */
function layers(kept: boolean) {
  return ({ x, weights }: { x: Tensor; weights: Weights }) => {
    let y = x;
    for (let i = 0; i < LAYERS; i++) {
      const layer = ([z]: readonly Tensor[]) => [
        add(
          z,
          linear(silu(linear(silu(linear(z, weights[`in${i}`])), weights[`on${i}`])), weights[`out${i}`]),
        ),
      ];
      y = kept ? layer([y])[0] : checkpoint(layer, [y])[0];
    }
    const loss = sum(square(y));
    const names = Object.keys(weights);
    const gradients = grad(loss, [x, ...names.map((name) => weights[name])]);
    return { loss, gradients: Object.fromEntries(['x', ...names].map((name, i) => [name, gradients[i]])) };
  };
}

interface Profiled {
  args?: { mem_bytes_in_use?: string };
}

/** Outputs of the program, and the most bytes of activations that ONNX Runtime's allocator had in use. */
async function run(kept: boolean): Promise<{ outputs: Record<string, Float32Array>; bytes: number }> {
  const draws = rng(1, 'checkpoint');
  const drawn = (shape: number[], scale: number) =>
    array(
      Float32Array.from({ length: shape[0] * shape[1] }, () => scale * draws.normal()),
      shape,
    );
  const shapes = Array.from({ length: LAYERS }, (_, i): [string, number[]][] => [
    [`in${i}`, [INNER, WIDTH]],
    [`on${i}`, [INNER, INNER]],
    [`out${i}`, [WIDTH, INNER]],
  ]).flat();
  const inputs = {
    x: drawn([ROWS, WIDTH], 1),
    weights: Object.fromEntries(shapes.map(([name, shape]) => [name, drawn(shape, 0.05)])),
  };
  const folder = await mkdtemp(join(tmpdir(), 'burnish-'));
  try {
    const specs = {
      x: spec('f32', [ROWS, WIDTH]),
      weights: Object.fromEntries(shapes.map(([name, shape]) => [name, spec('f32', shape)])),
    };
    const program = compile(layers(kept), specs, { profilePath: join(folder, 'profile') });
    const outputs = program.allocateOutputs() as {
      loss: NativeTensor;
      gradients: Record<string, NativeTensor>;
    };
    const bound = program.bind(inputs, outputs as unknown as Tree<NativeTensor>);
    bound.runSync();
    bound.dispose();
    program.dispose();
    const [file] = await readdir(folder);
    const events = JSON.parse(await readFile(join(folder, file), 'utf8')) as Profiled[];
    const used = events.flatMap(({ args }) => Number(args?.mem_bytes_in_use ?? 0));
    const all = { loss: outputs.loss, ...outputs.gradients };
    return {
      outputs: Object.fromEntries(Object.entries(all).map(([name, x]) => [name, x.data as Float32Array])),
      bytes: used.reduce((most, bytes) => Math.max(most, bytes), 0),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('checkpoints of layers', () => {
  it('give the same gradients, in a fraction of the memory', async () => {
    const [stored, again] = [await run(true), await run(false)];
    for (const [name, values] of Object.entries(stored.outputs)) {
      const scale = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      const gap = values.reduce((most, x, i) => Math.max(most, Math.abs(x - again.outputs[name][i])), 0);
      expect(scale, name).toBeGreaterThan(0);
      expect(gap / scale, name).toBeLessThan(1e-6);
    }
    // Two wide arrays and their activations a layer are stored: four times 512 KB.
    expect(stored.bytes).toBeGreaterThan(LAYERS * 4 * ROWS * INNER * 4);
    expect(again.bytes).toBeLessThan(stored.bytes / 3);
    expect(again.bytes).toBeGreaterThan(0);
  });
});
