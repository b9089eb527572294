// SIMD kernels over flat f32 memory (AssemblyScript; compiled to WebAssembly and embedded by build.ts).
// Pointers are byte addresses in the imported memory; counts are in floats and must be multiples of 16.

/** Smallest normal f32: moments below it are stored as 0, since subnormal arithmetic is many times slower. */
const SMALLEST_NORMAL: f32 = 1.1754943508222875e-38;

/** Sum of squares in f64 (eight partial sums, fixed order). NaN or infinite when any element is. */
export function sumOfSquares(x: usize, n: u32): f64 {
  let a = f64x2.splat(0);
  let b = f64x2.splat(0);
  let c = f64x2.splat(0);
  let d = f64x2.splat(0);
  const bytes = (<usize>n) << 2;
  for (let i: usize = 0; i < bytes; i += 32) {
    const low = v128.load(x + i);
    const high = v128.load(x + i, 16);
    const w = f64x2.promote_low_f32x4(low);
    const y = f64x2.promote_low_f32x4(v128.shuffle<f32>(low, low, 2, 3, 0, 1));
    const z = f64x2.promote_low_f32x4(high);
    const u = f64x2.promote_low_f32x4(v128.shuffle<f32>(high, high, 2, 3, 0, 1));
    a = f64x2.add(a, f64x2.mul(w, w));
    b = f64x2.add(b, f64x2.mul(y, y));
    c = f64x2.add(c, f64x2.mul(z, z));
    d = f64x2.add(d, f64x2.mul(u, u));
  }
  const sum = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * One AdamW step over n parameters, in the order of torch.optim.AdamW's arithmetic:
 *   g' = g * gradScale;  p = p * decay;  m += (g' - m) * lerp;  v = v * beta2 + lambda * g' * g'
 *   p -= stepSize * m / (sqrt(v) / correction + epsilon)
 * decay = 1 - lr * weightDecay, lerp = 1 - beta1, lambda = 1 - beta2, stepSize = lr / (1 - beta1^t),
 * correction = sqrt(1 - beta2^t).
 */
export function adamw(
  p: usize,
  g: usize,
  m: usize,
  v: usize,
  n: u32,
  gradScale: f32,
  decay: f32,
  lerp: f32,
  beta2: f32,
  lambda: f32,
  stepSize: f32,
  correction: f32,
  epsilon: f32,
): void {
  const scales = f32x4.splat(gradScale);
  const decays = f32x4.splat(decay);
  const lerps = f32x4.splat(lerp);
  const betas = f32x4.splat(beta2);
  const lambdas = f32x4.splat(lambda);
  const steps = f32x4.splat(stepSize);
  const corrections = f32x4.splat(correction);
  const epsilons = f32x4.splat(epsilon);
  const normal = f32x4.splat(SMALLEST_NORMAL);
  const bytes = (<usize>n) << 2;
  for (let i: usize = 0; i < bytes; i += 16) {
    const gradient = f32x4.mul(v128.load(g + i), scales);
    let first = v128.load(m + i);
    first = f32x4.add(first, f32x4.mul(f32x4.sub(gradient, first), lerps));
    first = v128.andnot(first, f32x4.lt(f32x4.abs(first), normal));
    v128.store(m + i, first);
    let second = f32x4.mul(v128.load(v + i), betas);
    second = f32x4.add(second, f32x4.mul(f32x4.mul(lambdas, gradient), gradient));
    second = v128.andnot(second, f32x4.lt(second, normal));
    v128.store(v + i, second);
    const root = f32x4.add(f32x4.div(f32x4.sqrt(second), corrections), epsilons);
    const decayed = f32x4.mul(v128.load(p + i), decays);
    v128.store(p + i, f32x4.sub(decayed, f32x4.div(f32x4.mul(steps, first), root)));
  }
}

/** Sets n floats to 0. */
export function zero(x: usize, n: u32): void {
  memory.fill(x, 0, (<usize>n) << 2);
}
