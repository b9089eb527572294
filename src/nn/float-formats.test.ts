import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bf16ToF32Bits, f16ToF32Bits, f32BitsToBf16, f32BitsToF16 } from './float-formats.ts';

const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);
const floatOf = (b: number) => {
  bits[0] = b;
  return float[0];
};
const bitsOf = (x: number) => {
  float[0] = x;
  return bits[0];
};

/** The value of a binary16 by its definition. */
function f16Value(half: number): number {
  const sign = half & 0x8000 ? -1 : 1;
  const exponent = (half >> 10) & 31;
  const fraction = half & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const bf16Value = (half: number) => floatOf(half * 65536);
const anyFloatBits = fc.integer({ min: 0, max: 0xffffffff });
const formats = [
  { name: 'F16', value: f16Value, encode: f32BitsToF16, decode: f16ToF32Bits, infinity: 0x7c00 },
  { name: 'BF16', value: bf16Value, encode: f32BitsToBf16, decode: bf16ToF32Bits, infinity: 0x7f80 },
];

describe.each(formats)('$name', ({ value, encode, decode, infinity }) => {
  it('decodes all 65536 values exactly, signed zeros included, and encodes them back to the same bits', () => {
    let wrong = 0;
    for (let half = 0; half < 65536; half++) {
      const decoded = decode(half);
      if (!Object.is(floatOf(decoded), value(half))) wrong++;
      const isNan = (half & 0x7fff) > infinity;
      if (!isNan && encode(decoded) !== half) wrong++;
      if (isNan && (encode(decoded) & 0x7fff) <= infinity) wrong++;
    }
    expect(wrong).toBe(0);
  });

  it('rounds any float to the nearest value, ties to even', () => {
    fc.assert(
      fc.property(anyFloatBits, (b) => {
        const x = floatOf(b);
        const half = encode(b);
        if (Number.isNaN(x)) return Number.isNaN(value(half));
        if (half >> 15 !== b >>> 31) return false;
        const magnitude = half & 0x7fff;
        // The step above the largest finite value decides between it and infinity.
        const top = value(infinity - 1) * 2 - value(infinity - 2);
        const at = (h: number) => (h === infinity ? top : value(h));
        const distance = Math.abs(Math.abs(x) - at(magnitude));
        if (magnitude === infinity && Math.abs(x) >= top) return true;
        for (const next of [magnitude - 1, magnitude + 1]) {
          if (next < 0 || next > infinity) continue;
          const other = Math.abs(Math.abs(x) - at(next));
          if (other < distance || (other === distance && magnitude % 2 === 1)) return false;
        }
        return true;
      }),
      { numRuns: 5000 },
    );
  });
});

it('rounds known ties', () => {
  const halves = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -25, 3 * 2 ** -25, 65519.99, 65520, -65520];
  expect(halves.map((x) => f32BitsToF16(bitsOf(x)))).toEqual([
    0x3c00, 0x3c02, 0x0000, 0x0002, 0x7bff, 0x7c00, 0xfc00,
  ]);
  expect([257, 259, 3.4e38].map((x) => f32BitsToBf16(bitsOf(x)))).toEqual([0x4380, 0x4382, 0x7f80]);
});
