/** The machine's single-precision matrix-product peak, as the engine's own runtime reaches it: what shares are shares of. */
import { compile, matmul, NativeTensor, spec, type Tensor } from '../src/tensor/index.ts';

/** m x k x n of the products tried: cache-friendly to large, square to as long as a batch of tokens. */
const SIZES = [
  [512, 512, 512],
  [1024, 1024, 1024],
  [1536, 1536, 1536],
  [2048, 1024, 1024],
  [4096, 512, 512],
] as const;
const FIRST_MILLISECONDS = 400;
const PROBE_MILLISECONDS = 60;

interface Product {
  /** Operations of one run. */
  operations: number;
  run(): void;
  dispose(): void;
}

/** The peak as seen so far. */
export interface Peak {
  /** Best operations a second so far. */
  readonly best: number;
  /** Looks again: on a machine that others use, the first look may have met a bad moment. */
  probe(): void;
}

/** Measures the peak, first over all sizes and then again with the fastest one. */
export class PeakMeter implements Peak {
  private readonly product: Product;
  private fastest: number;

  private constructor(product: Product, fastest: number) {
    this.product = product;
    this.fastest = fastest;
  }

  /** Tries all sizes, each warm and many times over; about two seconds. */
  static measure(): PeakMeter {
    let best: { product: Product; speed: number } | undefined;
    for (const [m, k, n] of SIZES) {
      const product = makeProduct(m, k, n);
      product.run();
      const speed = fastestRun(product, FIRST_MILLISECONDS);
      if (best !== undefined && best.speed >= speed) {
        product.dispose();
        continue;
      }
      best?.product.dispose();
      best = { product, speed };
    }
    if (best === undefined) throw new Error('there are no sizes to try');
    return new PeakMeter(best.product, best.speed);
  }

  get best(): number {
    return this.fastest;
  }

  probe(): void {
    this.fastest = Math.max(this.fastest, fastestRun(this.product, PROBE_MILLISECONDS));
  }

  dispose(): void {
    this.product.dispose();
  }
}

function fastestRun(product: Product, milliseconds: number): number {
  let best = 0;
  const until = performance.now() + milliseconds;
  while (performance.now() < until) {
    const started = performance.now();
    product.run();
    best = Math.max(best, (1000 * product.operations) / (performance.now() - started));
  }
  return best;
}

function makeProduct(m: number, k: number, n: number): Product {
  const program = compile(({ a, b }: { a: Tensor; b: Tensor }) => matmul(a, b), {
    a: spec('f32', [m, k]),
    b: spec('f32', [k, n]),
  });
  const bound = program.bind({ a: filled([m, k]), b: filled([k, n]) }, program.allocateOutputs());
  return {
    operations: 2 * m * k * n,
    run: () => bound.runSync(),
    dispose() {
      bound.dispose();
      program.dispose();
    },
  };
}

function filled(shape: readonly number[]): NativeTensor {
  const tensor = NativeTensor.zeros('f32', shape);
  (tensor.data as Float32Array).forEach((_, i, data) => {
    data[i] = (i % 13) / 13 - 0.5;
  });
  return tensor;
}
