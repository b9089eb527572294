/** In-context regression by ideal readers: which of two families a prompt's function is of has to be inferred. */
import { type Rng, rng } from '../../random/index.ts';

export interface RegressionOptions {
  /** d: inputs of a function. */
  dimensions: number;
  /** n: functions of the discrete family. */
  functions: number;
  /** k: examples of a prompt. */
  examples: number;
  /** σ: deviation of the noise on labels. */
  noise: number;
  /** τ: deviation of the weights of the continuous family. */
  spread: number;
  /** Prompts to average over. */
  prompts: number;
  seed: number;
}

export interface Prompt {
  /** [k][d]. */
  inputs: number[][];
  /** [k]. */
  labels: number[];
  /** [d]: what is to be predicted on. */
  query: number[];
}

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, i) => sum + x * b[i], 0);
const normals = (random: Rng, n: number, scale = 1) =>
  Array.from({ length: n }, () => scale * random.normal());

/** Lower triangular L with L Lᵀ = A, for symmetric positive definite A. */
export function cholesky(matrix: readonly (readonly number[])[]): number[][] {
  const lower = matrix.map((row) => row.map(() => 0));
  matrix.forEach((row, i) => {
    for (let j = 0; j <= i; j++) {
      let rest = row[j];
      for (let m = 0; m < j; m++) rest -= lower[i][m] * lower[j][m];
      if (i !== j) lower[i][j] = rest / lower[j][j];
      else if (rest > 0) lower[i][i] = Math.sqrt(rest);
      else throw new RangeError(`cholesky: pivot ${i} is ${rest}, expected a positive definite matrix`);
    }
  });
  return lower;
}

/** x with L x = b. */
function solveLower(lower: readonly (readonly number[])[], b: readonly number[]): number[] {
  const x: number[] = [];
  b.forEach((value, i) => {
    x.push((value - dot(x, lower[i].slice(0, i))) / lower[i][i]);
  });
  return x;
}

/** log N(y; 0, L Lᵀ). */
function logNormal(lower: readonly (readonly number[])[], y: readonly number[]): number {
  const z = solveLower(lower, y);
  const logDeterminant = lower.reduce((sum, row, i) => sum + Math.log(row[i]), 0);
  return -0.5 * dot(z, z) - logDeterminant - 0.5 * y.length * Math.log(2 * Math.PI);
}

/** log Σ e^x. */
function logSum(values: readonly number[]): number {
  const most = Math.max(...values);
  return most + Math.log(values.reduce((sum, value) => sum + Math.exp(value - most), 0));
}

/** Cov of labels under the continuous family: σ² I + τ² X Xᵀ. */
const covariance = (inputs: readonly number[][], noise: number, spread: number) =>
  inputs.map((a, i) => inputs.map((b, j) => spread ** 2 * dot(a, b) + (i === j ? noise ** 2 : 0)));

/**
 * The prediction of a reader who holds that the prompt's function is one of `functions` (drawn evenly) with probability α, and
 * else linear with weights from N(0, τ² I): g · discrete + (1 - g) · ridge, where g is the posterior of the discrete family
 * (Kotha et al. 2023, the ideal predictor of their synthetic experiment).
 */
export function idealPrediction(
  { inputs, labels, query }: Prompt,
  functions: readonly number[][],
  alpha: number,
  { noise, spread }: Pick<RegressionOptions, 'noise' | 'spread'>,
): { prediction: number; discrete: number } {
  const k = labels.length;
  const logs = functions.map((w) => {
    const errors = inputs.map((x, j) => labels[j] - dot(x, w));
    return -dot(errors, errors) / (2 * noise ** 2);
  });
  const total = logSum(logs);
  const weights = logs.map((log) => Math.exp(log - total));
  const byFunctions = functions.reduce((sum, w, i) => sum + weights[i] * dot(w, query), 0);
  const lower = cholesky(covariance(inputs, noise, spread));
  // τ² q Xᵀ (σ² I + τ² X Xᵀ)⁻¹ y, which is ridge regression at the query.
  const towards = solveLower(
    lower,
    inputs.map((x) => spread ** 2 * dot(x, query)),
  );
  const byRidge = dot(towards, solveLower(lower, labels));
  const scale = k * Math.log(noise * Math.sqrt(2 * Math.PI));
  const logDiscrete = total - Math.log(functions.length) - scale;
  const logOdds = Math.log(alpha / (1 - alpha)) + logDiscrete - logNormal(lower, labels);
  const discrete = 1 / (1 + Math.exp(-logOdds));
  return { prediction: discrete * byFunctions + (1 - discrete) * byRidge, discrete };
}

/**
 * Mean squared distance of a reader's predictions from the noise-free truth, on prompts of the continuous family, asked with
 * all labels times γ and the prediction divided by γ: functions of the discrete family then look unlikely (γ = 1: as usual).
 */
export function excessLoss(alpha: number, gamma: number, options: RegressionOptions): number {
  const { dimensions: d, functions: n, examples, noise, spread, prompts, seed } = options;
  const drawn = rng(seed, 'regression', 'functions');
  const functions = Array.from({ length: n }, () => normals(drawn, d, spread));
  let total = 0;
  for (let p = 0; p < prompts; p++) {
    const random = rng(seed, 'regression', 'prompt', p);
    const truth = normals(random, d, spread);
    const inputs = Array.from({ length: examples }, () => normals(random, d));
    const labels = inputs.map((x) => gamma * (dot(x, truth) + noise * random.normal()));
    const query = normals(random, d);
    const { prediction } = idealPrediction({ inputs, labels, query }, functions, alpha, options);
    total += (prediction / gamma - dot(truth, query)) ** 2;
  }
  return total / prompts;
}
