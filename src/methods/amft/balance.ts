/** The weight μ of imitation against reinforcement, and how it is moved. */
import { z } from 'zod';

const rate = z.number().min(0);

export const balanceOptions = {
  /** μ at the start: 1 is imitation alone, 0 reinforcement alone. */
  mu: z.number().min(0).max(1).default(0.5),
  /** Bounds of μ while it is moved. */
  muMin: z.number().min(0).max(1).default(0.05),
  muMax: z.number().min(0).max(1).default(0.95),
  /** η_μ: weight of the meta-gradient; 0: none is taken. */
  metaRate: rate.default(0.05),
  /** Steps from one meta-gradient to the next. */
  metaEvery: z.int().min(1).default(5),
  /** `cosine`: the meta-gradient as a cosine, whatever the gradients' lengths; `raw`: as it is. */
  metaScale: z.enum(['cosine', 'raw']).default('cosine'),
  /** η_H: weight of the difference between the policy's entropy and the target; 0: none. */
  entropyRate: rate.default(0.02),
  /**
   * What too high an entropy does. `imitate`: μ rises with H - H*, as the paper explains it; `explore`: μ rises with H* - H,
   * as its Eq. 6 has it.
   */
  entropySign: z.enum(['imitate', 'explore']).default('imitate'),
  /** Instead of all this: μ goes from `mu` to `to` in a straight line over so many steps. */
  decay: z.strictObject({ to: z.number().min(0).max(1), steps: z.int().min(1) }).optional(),
};

const balanceSchema = z.strictObject(balanceOptions);
export type BalanceConfig = z.output<typeof balanceSchema>;

/** What μ is moved by. */
export interface BalanceSignals {
  /** dU/dμ, or its cosine; undefined in steps without one. */
  meta?: number;
  /** Mean entropy of the policy (nats a token), and its target. */
  entropy: number;
  targetEntropy: number;
  /** Number of the step among those with both losses, from 1. */
  step: number;
}

/**
 * μ ← clip(μ + η_μ g_μ + η_H g_H, μ_min, μ_max), with g_H = H - H* or H* - H (He et al. 2025, "AMFT", Eq. 6, where μ weighs
 * imitation); with `decay`, the point of a straight line. Without rates μ stays as it is.
 */
export function nextMu(mu: number, signals: BalanceSignals, config: BalanceConfig): number {
  const { decay, metaRate, entropyRate, muMin, muMax } = config;
  if (decay) return config.mu + (decay.to - config.mu) * Math.min(1, signals.step / decay.steps);
  if (metaRate === 0 && entropyRate === 0) return mu;
  const excess = signals.entropy - signals.targetEntropy;
  const entropy = entropyRate * (config.entropySign === 'imitate' ? excess : -excess);
  return Math.max(muMin, Math.min(muMax, mu + metaRate * (signals.meta ?? 0) + entropy));
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
}

/** Length of a gradient. */
export const norm = (a: ArrayLike<number>) => Math.sqrt(dot(a, a));

/** Cosine of two gradients; 0 where one of them is 0. */
export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const lengths = norm(a) * norm(b);
  return lengths === 0 ? 0 : dot(a, b) / lengths;
}

/** Gradients at one point, laid out alike. */
export interface MetaGradients {
  /** Of the utility, which is to rise. */
  utility: ArrayLike<number>;
  /** Of the two losses, which are to fall. */
  imitation: ArrayLike<number>;
  reinforcement: ArrayLike<number>;
}

/**
 * dU(θ')/dμ of one step ahead, θ' = θ - η [(1 - μ) g_R + μ g_S]: g_μ = η ∇U · (g_R - g_S) (He et al. 2025, "AMFT", Eq. 4 and 5),
 * without the factor η, which η_μ is left to hold.
 * `cosine`: the cosine of ∇U and g_R - g_S, between -1 and 1. ∇U is taken at θ, to first order in η the same. The step ahead is
 * one of plain gradient descent, whatever the optimiser.
 */
export function metaGradient(
  { utility, imitation, reinforcement }: MetaGradients,
  scale: BalanceConfig['metaScale'],
): number {
  const apart = Float64Array.from(reinforcement, (g, i) => g - imitation[i]);
  return scale === 'cosine' ? cosine(utility, apart) : dot(utility, apart);
}
