/** The JSON header of a safetensors file: parsed and checked, and written. */

/** Element types that Burnish reads and writes. */
export type SafetensorsDtype = 'F32' | 'F16' | 'BF16';

/** Bytes an element of each type that the format knows. Types beyond `SafetensorsDtype` can only be skipped. */
const BYTES: ReadonlyMap<string, number> = new Map([
  ['BOOL', 1],
  ['U8', 1],
  ['I8', 1],
  ['F8_E5M2', 1],
  ['F8_E4M3', 1],
  ['I16', 2],
  ['U16', 2],
  ['F16', 2],
  ['BF16', 2],
  ['I32', 4],
  ['U32', 4],
  ['F32', 4],
  ['I64', 8],
  ['U64', 8],
  ['F64', 8],
]);

/** The longest header that the reference implementation accepts, in bytes. */
export const MAX_HEADER_BYTES = 100_000_000;

/** Where a tensor lies; `begin` and `end` are byte offsets from the first byte after the header. */
export interface SafetensorsEntry {
  /** As written in the file: any type that the format knows. */
  dtype: string;
  shape: number[];
  begin: number;
  end: number;
}

export interface SafetensorsHeader {
  /** Tensors in the order of their data. */
  tensors: Map<string, SafetensorsEntry>;
  metadata: Record<string, string>;
}

/** Bytes an element. */
export function dtypeBytes(dtype: SafetensorsDtype): number {
  return BYTES.get(dtype)!;
}

/**
 * Parses the JSON of a header and checks it against the `dataBytes` bytes that follow it: known types, shapes that
 * match the offsets, and data without overlaps, gaps or a remainder, as the format demands. Throws an Error that
 * names the tensor and what is wrong; `path` opens its message.
 */
export function parseHeader(json: string, dataBytes: number, path: string): SafetensorsHeader {
  const fail = (what: string): never => {
    throw new Error(`${path}: ${what}`);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    return fail(`header is not valid JSON (${(error as Error).message})`);
  }
  if (!isRecord(parsed)) return fail(`header is ${show(parsed)}, expected an object`);

  const { __metadata__: metadata = {}, ...described } = parsed;
  if (!isRecord(metadata) || !Object.values(metadata).every((value) => typeof value === 'string')) {
    return fail(`__metadata__ is ${show(metadata)}, expected an object of strings`);
  }
  const entries = Object.entries(described).map(([name, value]) => {
    const entry = parseEntry(value, (what) => fail(`tensor '${name}': ${what}`));
    return [name, entry] as const;
  });
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let position = 0;
  for (const [name, { begin, end }] of entries) {
    if (begin < position) fail(`tensor '${name}' begins at ${begin} and overlaps data up to ${position}`);
    if (begin > position) fail(`tensor '${name}' begins at ${begin}, expected ${position}: there is a gap`);
    position = end;
  }
  if (position > dataBytes) {
    fail(`tensors need ${position} bytes of data, but the file has ${dataBytes}: it is cut short`);
  }
  if (position < dataBytes) fail(`${dataBytes - position} bytes follow the last tensor, expected none`);
  return { tensors: new Map(entries), metadata: metadata as Record<string, string> };
}

function parseEntry(value: unknown, fail: (what: string) => never): SafetensorsEntry {
  if (!isRecord(value)) return fail(`is ${show(value)}, expected an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  const elementBytes = typeof dtype === 'string' ? BYTES.get(dtype) : undefined;
  if (typeof dtype !== 'string' || elementBytes === undefined) {
    return fail(`dtype is ${show(dtype)}, expected one of ${[...BYTES.keys()].join(', ')}`);
  }
  if (!isSizes(shape)) return fail(`shape is ${show(shape)}, expected a list of integers of at least 0`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    return fail(`data_offsets is ${show(offsets)}, expected [begin, end] with begin <= end`);
  }
  const [begin, end] = offsets;
  const bytes = shape.reduce((product, n) => product * n, elementBytes);
  if (bytes !== end - begin) {
    return fail(
      `data_offsets [${begin}, ${end}] hold ${end - begin} bytes, expected ${bytes} for ${dtype} of shape [${shape}]`,
    );
  }
  return { dtype, shape, begin, end };
}

/**
 * The bytes before the data: header length in 8 bytes, then the JSON, padded with spaces to a multiple of 8. Tensors
 * are laid out in the order given, without gaps.
 */
export function encodeHeader(
  tensors: readonly { name: string; shape: readonly number[] }[],
  dtype: SafetensorsDtype,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push(['__metadata__', metadata]);
  let position = 0;
  for (const { name, shape } of tensors) {
    const end = position + shape.reduce((product, n) => product * n, dtypeBytes(dtype));
    header.push([name, { dtype, shape, data_offsets: [position, end] }]);
    position = end;
  }
  // Pair by pair: an object would move names that look like integers to the front.
  const pairs = header.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const json = Buffer.from(`{${pairs.join(',')}}`);
  const padded = Math.ceil(json.length / 8) * 8;
  const bytes = Buffer.alloc(8 + padded, ' ');
  bytes.writeBigUInt64LE(BigInt(padded), 0);
  json.copy(bytes, 8);
  return bytes;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}

/** A value in an error message, cut to a readable length. */
function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
