/** Low-rank adapters on linear layers (Hu et al., 2021): W x + (α / r) B A x, with W frozen. */
import type { ParameterArena } from './arena.ts';
import type { ParameterShape } from './model-config.ts';

export interface LoraConfig {
  /** Rank r of the update. */
  rank: number;
  /** α: the update is scaled by α / r. */
  alpha: number;
  /** Last parts of the names of the linear layers to adapt: `q_proj`, `down_proj`, …, and `lm_head` where it is not tied. */
  targets: readonly string[];
}

/** The seven linear layers of a block. */
export const LORA_TARGETS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;

/** Names of the adapter matrices of a linear layer, as PEFT names them. */
export function loraNames(layer: string): { a: string; b: string } {
  return { a: `${layer}.lora_A.weight`, b: `${layer}.lora_B.weight` };
}

/** Whether a layer, named without `.weight`, gets an adapter. */
export function isAdapted(layer: string, lora: LoraConfig | undefined): boolean {
  return lora?.targets.includes(layer.slice(layer.lastIndexOf('.') + 1)) ?? false;
}

/**
 * Shapes of all adapter matrices: A [r, in], B [out, r]. Throws a RangeError when rank or alpha is not positive, there
 * are no targets, or a target names no layer of the model.
 */
export function loraShapes(shapes: readonly ParameterShape[], lora: LoraConfig): ParameterShape[] {
  if (!Number.isInteger(lora.rank) || lora.rank < 1)
    throw new RangeError(`lora.rank: got ${lora.rank}, expected a positive integer`);
  if (!Number.isFinite(lora.alpha) || lora.alpha <= 0)
    throw new RangeError(`lora.alpha: got ${lora.alpha}, expected a finite number above 0`);
  if (lora.targets.length === 0)
    throw new RangeError(`lora.targets: is empty, expected some of ${LORA_TARGETS.join(', ')}`);
  const layers = shapes.filter(
    ({ name, shape }) => shape.length === 2 && name.endsWith('.weight') && !name.includes('embed_tokens'),
  );
  const names = new Set(layers.map(({ name }) => name.split('.').at(-2)));
  const unknown = lora.targets.find((target) => !names.has(target));
  if (unknown !== undefined)
    throw new RangeError(
      `lora.targets: no linear layer is named '${unknown}', expected some of ${[...names].join(', ')}`,
    );
  return layers.flatMap(({ name, shape: [out, width] }) => {
    const layer = name.slice(0, -'.weight'.length);
    if (!isAdapted(layer, lora)) return [];
    const { a, b } = loraNames(layer);
    return [
      { name: a, shape: [lora.rank, width] },
      { name: b, shape: [out, lora.rank] },
    ];
  });
}

/**
 * Adds `sign` times every adapter's update to the weight it adapts: 1 merges (the adapters should then be dropped or
 * zeroed), -1 takes a merge back, up to one rounding of each weight.
 */
export function mergeLora(arena: ParameterArena, lora: LoraConfig, sign: 1 | -1 = 1): void {
  for (const { name } of arena.slots) addUpdate(arena.parameter(name), arena, lora, name, sign);
}

/** A parameter with its adapter's update, if it has one, in memory of its own; else the parameter itself. */
export function mergedWeight(
  arena: ParameterArena,
  lora: LoraConfig | undefined,
  name: string,
): Float32Array {
  if (!lora || !adapterOf(arena, name)) return arena.parameter(name);
  const merged = arena.parameter(name).slice();
  addUpdate(merged, arena, lora, name, 1);
  return merged;
}

function adapterOf(arena: ParameterArena, name: string): { a: string; b: string } | undefined {
  if (!name.endsWith('.weight')) return undefined;
  const names = loraNames(name.slice(0, -'.weight'.length));
  return arena.has(names.a) ? names : undefined;
}

/** target += sign · the update of the adapter of `name`, if it has one. */
function addUpdate(
  target: Float32Array,
  arena: ParameterArena,
  lora: LoraConfig,
  name: string,
  sign: 1 | -1,
): void {
  const adapter = adapterOf(arena, name);
  if (!adapter) return;
  const [a, b] = [arena.parameter(adapter.a), arena.parameter(adapter.b)];
  addProduct(target, b, a, arena.slot(name).shape, lora.rank, (sign * lora.alpha) / lora.rank);
}

/** weight [out, in] += scale · B [out, r] A [r, in], rounded to float32 once. */
function addProduct(
  weight: Float32Array,
  b: Float32Array,
  a: Float32Array,
  [out, width]: readonly number[],
  rank: number,
  scale: number,
): void {
  const update = new Float64Array(width);
  for (let o = 0; o < out; o++) {
    update.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = scale * b[o * rank + r];
      for (let i = 0; i < width; i++) update[i] += factor * a[r * width + i];
    }
    for (let i = 0; i < width; i++) weight[o * width + i] += update[i];
  }
}
