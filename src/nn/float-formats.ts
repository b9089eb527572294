/** Exact conversion from, and correctly rounded conversion to, the 16-bit float formats F16 and BF16. */

const scratchFloat = new Float32Array(1);
const scratchBits = new Uint32Array(scratchFloat.buffer);

/** Bits of the f32 that equals a BF16: its upper half, so infinities, subnormals and NaN payloads carry over. */
export function bf16ToF32Bits(bits: number): number {
  return (bits << 16) >>> 0;
}

/** Bits of the f32 that equals an F16 (IEEE 754 binary16): exact for every value. */
export function f16ToF32Bits(bits: number): number {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0;
  if (fraction === 0) return sign >>> 0;
  // A subnormal is fraction * 2^-24: normalise it. f32 has room to spare.
  const shift = Math.clz32(fraction) - 21;
  return (sign | ((113 - shift) << 23) | (((fraction << shift) & 0x3ff) << 13)) >>> 0;
}

/** BF16 bits nearest to the f32 with the given bits, ties to even; beyond the largest BF16: infinity; NaN: quiet NaN. */
export function f32BitsToBf16(bits: number): number {
  if ((bits & 0x7fffffff) > 0x7f800000) return ((bits >>> 16) | 0x40) & 0xffff;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** F16 bits nearest to the f32 with the given bits, ties to even; beyond the largest F16: infinity; NaN: quiet NaN. */
export function f32BitsToF16(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00 | ((magnitude >>> 13) & 0x3ff);
  // 65520 is half-way between the largest F16, 65504, and the next step, and rounds away to infinity.
  if (magnitude >= 0x477ff000) return sign | 0x7c00;
  if (magnitude >= 0x38800000) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - (112 << 23)) >>> 13);
  }
  // Below 2^-14 the steps of F16 are 2^-24: adding 0.5 leaves an f32 whose last bit is worth 2^-24, rounded to even.
  scratchBits[0] = magnitude;
  scratchFloat[0] += 0.5;
  return sign | (scratchBits[0] - 0x3f000000);
}
