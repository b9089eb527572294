/** What a profile adds up to. */
import { expect, it } from 'vitest';
import { profileOf } from './profile-shares.ts';

const node = (
  op_name: string,
  dur: number,
  input: number[],
  output: number[],
  name = `${op_name}_1_kernel_time`,
) => ({
  cat: 'Node',
  name,
  dur,
  args: { op_name, input_type_shape: [{ float: input }], output_type_shape: [{ float: output }] },
});

it('adds up what each kind of operator takes in a run', () => {
  const profile = profileOf([
    { cat: 'Session', name: 'model_run', dur: 60 },
    { cat: 'Session', name: 'model_run', dur: 40 },
    node('Gemm', 20, [4, 8], [4, 16]),
    node('Gemm', 20, [8, 4], [4, 16]),
    node('FusedMatMul', 10, [2, 3, 4, 8], [2, 3, 4, 5]),
    node('Add', 5, [4, 16], [4, 16]),
    node('Add', 5, [4, 16], [4, 16], 'Add_1_fence_before'),
  ]);
  expect(profile?.runs).toBe(2);
  expect(profile?.milliseconds).toBeCloseTo(0.05);
  expect(profile?.operators.map(({ kind, nodes }) => [kind, nodes])).toEqual([
    ['between operators', 0],
    ['products with weights', 1],
    ['products of attention', 0.5],
    ['Add', 0.5],
  ]);
  const [between, weights, attention] = profile?.operators ?? [];
  expect(between.share).toBeCloseTo(0.45);
  expect(weights.share).toBeCloseTo(0.4);
  // Twice 2 x 4 x 16 x 8 operations in 40 microseconds, of whatever side is transposed.
  expect(weights.gigaflops).toBeCloseTo((2 * 2 * 4 * 16 * 8) / 40_000);
  expect(attention.gigaflops).toBeCloseTo((2 * 2 * 3 * 4 * 5 * 8) / 10_000);
  expect(between.gigaflops).toBeUndefined();
});

it('says nothing of a program that never ran', () => {
  expect(profileOf([node('Add', 5, [1], [1])])).toBeUndefined();
});
