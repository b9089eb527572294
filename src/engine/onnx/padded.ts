/** Filling a program's padded input memory from ragged rows. */
import type { NativeTensor } from '../../tensor/index.ts';
import type { RowBatch } from './batching.ts';

/** Copies rows[indices[r]] to row r of a padded array of `width` numbers a token; everything else becomes 0. */
export function fillRows(
  target: NativeTensor,
  batch: RowBatch,
  rows: readonly ArrayLike<number>[],
  width = 1,
): void {
  const data = target.data as Float32Array | Int32Array;
  data.fill(0);
  batch.indices.forEach((index, row) => {
    data.set(rows[index], row * batch.length * width);
  });
}

/** Rows of a padded output, cut to their lengths. */
export function readRows(
  source: NativeTensor,
  batch: RowBatch,
  lengths: readonly number[],
  into: Float32Array[],
  width = 1,
): void {
  const data = source.data as Float32Array;
  batch.indices.forEach((index, row) => {
    const start = row * batch.length * width;
    into[index] = data.slice(start, start + lengths[index] * width);
  });
}
