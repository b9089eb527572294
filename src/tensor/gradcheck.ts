/** Checks gradients against central finite differences: how every primitive's rule, and your own functions, are tested. */
import { vjp } from './gradients.ts';
import { compile } from './program.ts';
import type { NativeTensor } from './runtime/index.ts';
import { type Spec, spec, type Tensor } from './tensor.ts';

/** A function from a list of arrays to a list of arrays. */
export type ListFunction = (inputs: readonly Tensor[]) => readonly Tensor[];

/** One element of a gradient that disagrees with its finite difference. */
export interface GradientMismatch {
  /** Position among the inputs. */
  input: number;
  /** Row-major position in that input. */
  element: number;
  /** What differentiation says. */
  gradient: number;
  /** What the finite difference says. */
  difference: number;
}

/** Result of a check at one point. */
export interface GradientReport {
  /** Number of elements compared. */
  compared: number;
  /** Largest |gradient - difference| / (1 + |difference|); NaN when either is not finite. */
  worst: number;
  mismatches: GradientMismatch[];
}

export interface GradientChecker {
  /** Types of the outputs: a cotangent is needed for each. */
  readonly outputs: readonly Spec[];
  /**
   * Compares Σ cotangentᵢ · ∂outputᵢ/∂input with fourth-order central differences, for every element of every
   * float32 input. `tolerance` bounds |gradient - difference| / (1 + |difference|), 2e-4 when left out.
   */
  check(
    inputs: readonly NativeTensor[],
    cotangents: readonly NativeTensor[],
    tolerance?: number,
  ): GradientReport;
  dispose(): void;
}

/** A power of two, so that stepping aside from a float32 of few bits is exact. */
const STEP = 2 ** -7;
/** f'(x) ≈ Σ weight · f(x + offset · step) / step. */
const STENCIL: readonly [offset: number, weight: number][] = [
  [-2, 1 / 12],
  [-1, -2 / 3],
  [1, 2 / 3],
  [2, -1 / 12],
];

/** Specs as leaves of a tree, whatever objects they came as. */
function leaves(specs: readonly Spec[]): Spec[] {
  return specs.map(({ dtype, shape }) => spec(dtype, shape));
}

/** Positions of the inputs that gradients are taken of. */
function floats(specs: readonly Spec[]): number[] {
  return specs.flatMap((spec, i) => (spec.dtype === 'f32' ? [i] : []));
}

/** Compiles `fn` and its gradient for checks at any number of points. Outputs must be float32. */
export function gradientChecker(fn: ListFunction, specs: readonly Spec[]): GradientChecker {
  const forward = compile<Tensor[], Tensor[]>((xs) => [...fn(xs)], leaves(specs));
  const pulled = gradientOf(fn, specs, forward.outputs);
  const backward = compile<Tensor[], Tensor[]>((xs) => [...pulled.fn(xs)], pulled.specs);
  const wrt = floats(specs);
  return {
    outputs: forward.outputs,
    check(inputs, cotangents, tolerance = 2e-4) {
      const outputs = forward.allocateOutputs() as NativeTensor[];
      const forwardRun = forward.bind(inputs, outputs);
      const gradients = backward.allocateOutputs() as NativeTensor[];
      const backwardRun = backward.bind([...inputs, ...cotangents], gradients);
      backwardRun.runSync();
      const value = () => {
        forwardRun.runSync();
        let total = 0;
        outputs.forEach((y, k) => {
          for (let i = 0; i < y.data.length; i++) total += Number(y.data[i]) * Number(cotangents[k].data[i]);
        });
        return total;
      };
      const report: GradientReport = { compared: 0, worst: 0, mismatches: [] };
      for (const [k, input] of wrt.entries()) {
        const x = inputs[input].data;
        for (let element = 0; element < x.length; element++) {
          const gradient = Number(gradients[k].data[element]);
          const difference = centralDifference(x as Float32Array, element, value);
          const error = Math.abs(gradient - difference) / (1 + Math.abs(difference));
          report.compared++;
          report.worst = Math.max(report.worst, error);
          if (!(error <= tolerance)) report.mismatches.push({ input, element, gradient, difference });
        }
      }
      forwardRun.dispose();
      backwardRun.dispose();
      return report;
    },
    dispose() {
      forward.dispose();
      backward.dispose();
    },
  };
}

function centralDifference(x: Float32Array, element: number, value: () => number): number {
  const at = x[element];
  let slope = 0;
  for (const [offset, weight] of STENCIL) {
    x[element] = at + offset * STEP;
    slope += (weight * value()) / STEP;
  }
  x[element] = at;
  return slope;
}

/**
 * The gradient of `fn` as a function of its inputs followed by a cotangent an output: checking that one checks
 * second derivatives.
 */
export function gradientOf(
  fn: ListFunction,
  specs: readonly Spec[],
  outputs: readonly Spec[],
): { fn: ListFunction; specs: Spec[] } {
  const wrt = floats(specs);
  return {
    fn: (all) => {
      const xs = all.slice(0, specs.length);
      return vjp(
        fn(xs),
        all.slice(specs.length),
        wrt.map((i) => xs[i]),
      );
    },
    specs: leaves([...specs, ...outputs]),
  };
}
