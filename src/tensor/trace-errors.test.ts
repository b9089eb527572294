/** Shape and type mistakes are thrown while tracing, and name the operation and the shapes. */
import { describe, expect, it } from 'vitest';
import * as t from './index.ts';
import { input } from './primitives/constant.ts';
import { definePrimitive } from './tensor.ts';

const f = (...shape: number[]) => input(t.spec('f32', shape), 'x');
const i = (...shape: number[]) => input(t.spec('i64', shape), 'i');
const small = (...shape: number[]) => input(t.spec('i32', shape), 'i');
const b = (...shape: number[]) => input(t.spec('bool', shape), 'b');

const bad: [call: string, fn: () => unknown, message: string][] = [
  ['exp of integers', () => t.exp(i(2)), 'exp: got an array of type i64 and shape [2], expected f32'],
  ['silu of integers', () => t.silu(i(2)), 'silu: got an array of type i64 and shape [2], expected f32'],
  ['add', () => t.add(f(2, 3), f(4)), 'add: shapes [2,3] and [4] do not broadcast'],
  ['add of types', () => t.add(f(2), i(2)), 'add: types f32 and i64 differ'],
  ['sub', () => t.sub(f(2, 3), f(3, 3)), 'sub: shapes [2,3] and [3,3] do not broadcast'],
  ['mul', () => t.mul(f(2), f(2, 3)), 'mul: shapes [2] and [2,3] do not broadcast'],
  [
    'mul of booleans',
    () => t.mul(b(2), b(2)),
    'mul: got an array of type bool and shape [2], expected f32 or i32 or i64',
  ],
  ['div', () => t.div(f(2), f(3)), 'div: shapes [2] and [3] do not broadcast'],
  ['div of integers', () => t.div(i(2), i(2)), 'div: got an array of type i64'],
  ['pow', () => t.pow(f(2), f(3)), 'pow: shapes [2] and [3] do not broadcast'],
  ['maximum', () => t.maximum(f(2), f(3)), 'maximum: shapes [2] and [3] do not broadcast'],
  ['minimum', () => t.minimum(f(2), f(3)), 'minimum: shapes [2] and [3] do not broadcast'],
  ['equal', () => t.equal(f(2), f(3)), 'equal: shapes [2] and [3] do not broadcast'],
  ['less of types', () => t.less(f(2), i(2)), 'less: types f32 and i64 differ'],
  ['and', () => t.and(b(2), b(3)), 'and: shapes [2] and [3] do not broadcast'],
  ['not of floats', () => t.not(f(2)), 'not: got an array of type f32 and shape [2], expected bool'],
  ['where', () => t.where(b(2), f(3), f(3)), 'where: shapes [2] and [3] do not broadcast'],
  [
    'where on floats',
    () => t.where(f(2), f(2), f(2)),
    'where: got an array of type f32 and shape [2], expected bool',
  ],
  ['where of types', () => t.where(b(2), f(2), i(2)), 'where: types f32 and i64 differ'],
  ['clip of integers', () => t.clip(i(2), 0, 1), 'clip: got an array of type i64'],
  ['cast', () => t.cast(f(2), 'u8'), 'cast: no cast to u8'],
  ['sum', () => t.sum(f(2, 3), 2), 'sum: axis 2 is outside shape [2,3]'],
  ['sum of booleans', () => t.sum(b(2)), 'sum: got an array of type bool and shape [2]'],
  ['mean', () => t.mean(f(2, 3), [0, -3]), 'mean: axis -3 is outside shape [2,3]'],
  ['max', () => t.max(f(2), 0.5), 'max: axis 0.5 is outside shape [2]'],
  ['argmax', () => t.argmax(f()), 'argmax: axis -1 is outside shape []'],
  ['cumsum', () => t.cumsum(f(2), 1), 'cumsum: axis 1 is outside shape [2]'],
  ['reshape', () => t.reshape(f(2, 3), [4]), 'reshape: [2,3] has 6 elements, [4] needs 4'],
  ['reshape with a hole', () => t.reshape(f(2, 3), [4, -1]), 'reshape: [2,3] does not fit [4,-1]'],
  ['reshape with two holes', () => t.reshape(f(2, 2), [-1, -1]), 'reshape: [2,2] does not fit [-1,-1]'],
  [
    'reshape with a hole beside nothing',
    () => t.reshape(f(0, 2), [0, -1]),
    'reshape: [0,2] does not fit [0,-1]',
  ],
  ['reshape to negative', () => t.reshape(f(2, 2), [-2, -2]), 'reshape: [2,2] cannot become [-2,-2]'],
  [
    'transpose',
    () => t.transpose(f(2, 3), [0, 0]),
    'transpose: order [0,0] is not a permutation of the axes of [2,3]',
  ],
  [
    'transpose of another rank',
    () => t.transpose(f(2, 3), [0]),
    'transpose: order [0] is not a permutation of the axes of [2,3]',
  ],
  ['broadcastTo', () => t.broadcastTo(f(2), [3, 4]), 'broadcastTo: shapes [2] and [3,4] do not broadcast'],
  [
    'broadcastTo something smaller',
    () => t.broadcastTo(f(2, 3), [3]),
    'broadcastTo: [2,3] does not broadcast to [3]',
  ],
  ['slice past the end', () => t.slice(f(2, 3), 1, 2, 5), 'slice: 2..5 of axis 1 is outside shape [2,3]'],
  ['slice of nothing', () => t.slice(f(2, 3), -1, 2, 2), 'slice: 2..2 of axis 1 is outside shape [2,3]'],
  [
    'slice of a fraction',
    () => t.slice(f(2, 3), 1, 0.5, 2),
    'slice: 0.5..2 of axis 1 is outside shape [2,3]',
  ],
  ['slice axis', () => t.slice(f(2, 3), 2, 0, 1), 'slice: axis 2 is outside shape [2,3]'],
  [
    'pad',
    () => t.pad(f(2), 0, -1, 0),
    'pad: widths -1 and 0 of axis 0 of [2] are not whole numbers from 0 up',
  ],
  ['pad axis', () => t.pad(f(2), 1, 0, 0), 'pad: axis 1 is outside shape [2]'],
  ['concat', () => t.concat([f(2, 3), f(2, 4)], 0), 'concat: shapes [2,3] and [2,4] differ outside axis 0'],
  [
    'concat of ranks',
    () => t.concat([f(2, 3), f(2)], -2),
    'concat: shapes [2,3] and [2] differ outside axis 0',
  ],
  [
    'concat of types',
    () => t.concat([f(2), i(2)], 0),
    'concat: got an array of type i64 and shape [2], expected f32',
  ],
  ['concat of nothing', () => t.concat([], 0), 'concat: no arrays given'],
  ['matmul', () => t.matmul(f(2, 3), f(4, 5)), 'matmul: shapes [2,3] and [4,5] do not fit: 3 ≠ 4'],
  [
    'matmul transposed',
    () => t.matmul(f(2, 3), f(4, 5), { transposeA: true, transposeB: true }),
    'matmul: shapes [2,3]ᵀ and [4,5]ᵀ do not fit: 2 ≠ 5',
  ],
  [
    'matmul of a vector',
    () => t.matmul(f(2, 3), f(3)),
    'matmul: shapes [2,3] and [3] need at least two axes each',
  ],
  [
    'matmul of batches',
    () => t.matmul(f(2, 3, 4), f(3, 4, 5)),
    'matmul: shapes [2] and [3] do not broadcast',
  ],
  [
    'matmul of integers',
    () => t.matmul(f(2, 3), i(3, 2)),
    'matmul: got an array of type i64 and shape [3,2], expected f32',
  ],
  ['linear', () => t.linear(f(2, 2, 3), f(5, 4)), 'matmul: shapes [4,3] and [5,4]ᵀ do not fit: 3 ≠ 4'],
  ['linear bias', () => t.linear(f(2, 3), f(5, 3), f(3)), 'add: shapes [2,5] and [3] do not broadcast'],
  [
    'gather',
    () => t.gather(f(2, 3), f(2)),
    'gather: got an array of type f32 and shape [2], expected i32 or i64',
  ],
  ['gather of a scalar', () => t.gather(f(), i(2)), 'gather: the array has no axis to index'],
  [
    'scatterAdd',
    () => t.scatterAdd(f(2, 3), i(4), 5),
    'scatterAdd: updates [2,3] do not start with indices [4]',
  ],
  [
    'scatterAdd of ranks',
    () => t.scatterAdd(f(2), i(2, 3), 5),
    'scatterAdd: updates [2] do not start with indices [2,3]',
  ],
  [
    'scatterAdd rows',
    () => t.scatterAdd(f(2), i(2), -1),
    'scatterAdd: rows is -1, expected a whole number from 1 up',
  ],
  [
    'takeAlong',
    () => t.takeAlong(f(2, 3), i(3, 1)),
    'takeAlong: shapes [2,3] and [3,1] differ outside axis 1',
  ],
  [
    'addAlong',
    () => t.addAlong(f(2, 3), i(3, 1), f(3, 1)),
    'addAlong: shapes [2,3] and [3,1] differ outside axis 1',
  ],
  [
    'addAlong updates',
    () => t.addAlong(f(2, 3), i(2, 1), f(2, 2)),
    'addAlong: indices [2,1] and updates [2,2] differ',
  ],
  ['softmax', () => t.softmax(f()), 'softmax: the array has no axis'],
  [
    'logSoftmax',
    () => t.logSoftmax(i(2)),
    'logSoftmax: got an array of type i64 and shape [2], expected f32',
  ],
  [
    'tokenLogProb',
    () => t.tokenLogProb(f(2, 3, 5), i(2, 2)),
    'tokenLogProb: logits [2,3,5] and ids [2,2], expected [...,V] and [...]',
  ],
  [
    'tokenLogProb, turned',
    () => t.tokenLogProb(f(2, 3, 5), i(3, 2)),
    'tokenLogProb: logits [2,3,5] and ids [3,2], expected [...,V] and [...]',
  ],
  ['tokenLogProb of floats', () => t.tokenLogProb(f(2, 3), f(2)), 'tokenLogProb: got an array of type f32'],
  [
    'candidateLogProbs',
    () => t.candidateLogProbs(f(2, 5), i(3, 2)),
    'takeAlong: shapes [2,5] and [3,2] differ outside axis 1',
  ],
  ['rmsNorm', () => t.rmsNorm(f(2, 3), f(2), 1e-5), 'rmsNorm: shapes [2,3] and [2] do not fit'],
  [
    'rotary',
    () => t.rotary(f(2, 3, 8), i(2, 3), f(9, 2), f(9, 2), 4),
    'rotary: x [2,3,8] with tables [9,2] and [9,2], expected [B,T,16]',
  ],
  [
    'rotary positions',
    () => t.rotary(f(2, 3, 8), i(3, 2), f(9, 2), f(9, 2), 2),
    'rotary: positions [3,2] do not fit x [2,3,8]',
  ],
  [
    'rotary position type',
    () => t.rotary(f(2, 3, 8), small(2, 3), f(9, 2), f(9, 2), 2),
    'rotary: got an array of type i32',
  ],
  [
    'writeRows rows',
    () => t.writeRows(f(2, 3, 9, 4), i(2), f(2, 3, 4)),
    'writeRows: rows [2,3,4] at positions [2] do not fit [2,3,9,4]',
  ],
  [
    'writeRows index type',
    () => t.writeRows(f(2, 3, 9, 4), small(2), f(2, 3, 1, 4)),
    'writeRows: got an array of type i32 and shape [2], expected i64',
  ],
  ['constant', () => t.constant(Float32Array.of(1, 2), [3]), 'constant: 2 values do not fill shape [3]'],
  [
    'constant without a type',
    () => t.constant(Uint8Array.of(1), [1]),
    'constant: name the type of a Uint8Array',
  ],
];

describe('mistakes while tracing', () => {
  it.each(bad)('%s', (_call, fn, message) => {
    expect(fn).toThrow(t.ShapeError);
    expect(fn).toThrow(message);
  });

  it('the correct neighbours of the bad calls pass', () => {
    expect(t.writeRows(f(2, 3, 9, 4), i(2), f(2, 3, 1, 4)).shape).toEqual([2, 3, 9, 4]);
    expect(t.rotary(f(2, 3, 5, 8), i(2, 5), f(9, 4), f(9, 4), 3).shape).toEqual([2, 3, 5, 8]);
    expect(t.tokenLogProb(f(2, 3, 5), i(2, 3)).shape).toEqual([2, 3]);
    expect(t.rotary(f(2, 3, 8), i(2, 3), f(9, 2), f(9, 2), 2).shape).toEqual([2, 3, 8]);
    expect(t.matmul(f(2, 1, 3, 4), f(5, 4, 6)).shape).toEqual([2, 5, 3, 6]);
    expect(t.reshape(f(0, 3), [-1, 3]).shape).toEqual([0, 3]);
  });

  it('a primitive cannot be defined twice', () => {
    const again = { name: 'exp', infer: () => [], emit: () => [] };
    expect(() => definePrimitive(again)).toThrow('primitive exp is defined twice');
  });
});
