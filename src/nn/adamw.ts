/** AdamW with decoupled weight decay over a parameter arena, in one fused pass. */
import type { ParameterArena } from './arena.ts';

/** Settings of a step that seldom change; given once, or step by step. */
export interface AdamWSettings {
  /** Decay rate of the mean of gradients, in [0, 1); default 0.9. */
  beta1?: number;
  /** Decay rate of the mean of squared gradients, in [0, 1); default 0.999. */
  beta2?: number;
  /** Added to the denominator, above 0; default 1e-8. */
  epsilon?: number;
  /** Decoupled weight decay, at least 0, for the arena's entries with `decay`; default 0. */
  weightDecay?: number;
  /** Largest global gradient norm, above 0; larger gradients are scaled down to it. Default: no clipping. */
  maxGradNorm?: number;
}

export interface AdamWStep extends AdamWSettings {
  /** At least 0. */
  learningRate: number;
  /** Multiplies every gradient before clipping (1 / number of accumulated sequences, say); default 1. */
  gradScale?: number;
}

export interface AdamWResult {
  /** Global L2 norm of the scaled gradients, before clipping. */
  gradNorm: number;
  /** What clipping multiplied the gradients by: 1 when it did nothing, 0 when the step was skipped. */
  clipScale: number;
  /** A gradient was NaN or infinite: nothing was changed, and the step is not counted. */
  skipped: boolean;
}

/** The optimiser's whole state besides the parameters. */
export interface AdamWState {
  stepCount: number;
  m: Float32Array;
  v: Float32Array;
}

const DEFAULTS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** `torch.nn.utils.clip_grad_norm_` adds this to the norm it divides by. */
const CLIP_EPSILON = 1e-6;

/**
 * Loshchilov and Hutter 2019, "Decoupled Weight Decay Regularization", Algorithm 2, with the arithmetic and order of
 * operations of `torch.optim.AdamW` in f32:
 *
 *     θ ← θ (1 - η λ);  m ← m + (1 - β1)(g - m);  v ← β2 v + (1 - β2) g²
 *     θ ← θ - η / (1 - β1^t) · m / (√v / √(1 - β2^t) + ε)
 *
 * Moments below the smallest normal float are stored as 0. Gradients are left as they are: zero them afterwards.
 */
export class AdamW {
  /** Steps taken, skipped ones not counted. */
  stepCount = 0;
  private readonly arena: ParameterArena;
  private readonly defaults: AdamWSettings;

  constructor(arena: ParameterArena, defaults: AdamWSettings = {}) {
    this.arena = arena;
    this.defaults = defaults;
  }

  /** Updates every trainable parameter from its gradient. Throws a RangeError for a setting outside its range. */
  step(settings: AdamWStep): AdamWResult {
    const merged = { ...DEFAULTS, ...defined(this.defaults), ...defined(settings) };
    const { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm, gradScale = 1 } = merged;
    const beta = (b: number) => b >= 0 && b < 1;
    check('learningRate', learningRate, learningRate >= 0, 'a finite number of at least 0');
    check('beta1', beta1, beta(beta1), 'a number in [0, 1)');
    check('beta2', beta2, beta(beta2), 'a number in [0, 1)');
    check('epsilon', epsilon, Math.fround(epsilon) > 0, 'a finite number above 0');
    check('weightDecay', weightDecay, weightDecay >= 0, 'a finite number of at least 0');
    check('gradScale', gradScale, true, 'a finite number');
    if (maxGradNorm !== undefined) {
      check('maxGradNorm', maxGradNorm, maxGradNorm > 0, 'a finite number above 0');
    }

    const { kernels, pointers, gradients, spans } = this.arena;
    const gradNorm =
      Math.abs(gradScale) * Math.sqrt(kernels.sumOfSquares(pointers.gradients, gradients.length));
    if (!Number.isFinite(gradNorm)) return { gradNorm, clipScale: 0, skipped: true };
    const clipScale = maxGradNorm === undefined ? 1 : Math.min(1, maxGradNorm / (gradNorm + CLIP_EPSILON));

    const t = ++this.stepCount;
    const stepSize = learningRate / (1 - beta1 ** t);
    const correction = Math.sqrt(1 - beta2 ** t);
    for (const { offset, length, decay } of spans) {
      const bytes = offset * Float32Array.BYTES_PER_ELEMENT;
      kernels.adamw(
        pointers.parameters + bytes,
        pointers.gradients + bytes,
        pointers.m + bytes,
        pointers.v + bytes,
        length,
        gradScale * clipScale,
        decay ? 1 - learningRate * weightDecay : 1,
        1 - beta1,
        beta2,
        1 - beta2,
        stepSize,
        correction,
        epsilon,
      );
    }
    return { gradNorm, clipScale, skipped: false };
  }

  /** A copy of the state, which later steps do not change. */
  state(): AdamWState {
    const { m, v } = this.arena.moments;
    return { stepCount: this.stepCount, m: m.slice(), v: v.slice() };
  }

  /** Continues from a state of an arena of the same layout. Throws when the sizes differ. */
  restore(state: AdamWState): void {
    const { m, v } = this.arena.moments;
    if (!Number.isInteger(state.stepCount) || state.stepCount < 0) {
      throw new RangeError(`AdamW: stepCount is ${state.stepCount}, expected an integer of at least 0`);
    }
    for (const [name, values] of [
      ['m', state.m],
      ['v', state.v],
    ] as const) {
      if (values.length !== m.length) {
        throw new RangeError(`AdamW: ${name} has ${values.length} floats, expected ${m.length}`);
      }
    }
    m.set(state.m);
    v.set(state.v);
    this.stepCount = state.stepCount;
  }
}

/** Without the keys whose value is undefined, so that they do not hide defaults. */
function defined<T extends object>(settings: T): T {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined)) as T;
}

function check(name: string, value: number, inRange: boolean, expected: string): void {
  if (!Number.isFinite(value) || !inRange) {
    throw new RangeError(`AdamW: ${name} is ${value}, expected ${expected}`);
  }
}
