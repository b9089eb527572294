/** Shape arithmetic: broadcasting, axes, element counts, and the errors that name both shapes. */

export type Shape = readonly number[];

/** Thrown at trace time when shapes or types do not fit an operation. */
export class ShapeError extends Error {
  override name = 'ShapeError';
}

/** `[2,3]`, for messages. */
export function show(shape: Shape): string {
  return `[${shape.join(',')}]`;
}

/** Number of elements. */
export function elements(shape: Shape): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}

/** The shape that two shapes broadcast to, by NumPy's rule. Throws a ShapeError naming `operation` and both shapes. */
export function broadcastShapes(operation: string, a: Shape, b: Shape): number[] {
  const rank = Math.max(a.length, b.length);
  const out = new Array<number>(rank);
  for (let i = 0; i < rank; i++) {
    const da = a[a.length - rank + i] ?? 1;
    const db = b[b.length - rank + i] ?? 1;
    if (da !== db && da !== 1 && db !== 1)
      throw new ShapeError(`${operation}: shapes ${show(a)} and ${show(b)} do not broadcast`);
    out[i] = da === 1 ? db : da;
  }
  return out;
}

/** Turns a possibly negative axis into 0..rank-1. Throws a ShapeError naming the operation and the shape. */
export function normalAxis(operation: string, axis: number, shape: Shape): number {
  const rank = shape.length;
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank)
    throw new ShapeError(`${operation}: axis ${axis} is outside shape ${show(shape)}`);
  return axis < 0 ? axis + rank : axis;
}

/** Axes (all when undefined) as sorted, distinct, non-negative numbers. */
export function normalAxes(operation: string, axes: number | Shape | undefined, shape: Shape): number[] {
  if (axes === undefined) return shape.map((_, i) => i);
  const list = (typeof axes === 'number' ? [axes] : axes).map((a) => normalAxis(operation, a, shape));
  return [...new Set(list)].sort((x, y) => x - y);
}

/** Shape after reducing over `axes` (sorted, non-negative). */
export function reducedShape(shape: Shape, axes: Shape, keepDims: boolean): number[] {
  if (keepDims) return shape.map((d, i) => (axes.includes(i) ? 1 : d));
  return shape.filter((_, i) => !axes.includes(i));
}
