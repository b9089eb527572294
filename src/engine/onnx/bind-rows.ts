/** Binding a program of some rows to memory, in lanes where there are enough rows. */
import { type BoundRun, NativeTensor, type Program, type Tree, treeMap } from '../../tensor/index.ts';
import type { Share } from './lanes.ts';
import type { Threads } from './programs.ts';

type Tensors = Record<string, unknown>;

/**
 * One run a lane, each with its share of the rows of `inputs` and `outputs`, and with the whole of `whole`. `program` makes the
 * program for a number of rows.
 */
export function bindRows(
  rows: number,
  share: Share,
  program: (rows: number, threads: Threads) => Program,
  whole: Tensors,
  inputs: Tensors,
  outputs: Tensors,
): BoundRun[] {
  const { lanes, threads } = share(rows);
  const each = rows / lanes;
  const compiled = program(each, threads);
  return Array.from({ length: lanes }, (_, lane) => {
    const own = (tree: Tensors) => rowsOf(tree as Tree<NativeTensor>, lane * each, each);
    const all = { ...whole, ...(own(inputs) as object) };
    return compiled.bind(all as unknown as Tree<NativeTensor>, own(outputs));
  });
}

/** Rows [from, from + count) of every array of a tree, in the same memory. */
function rowsOf(tree: Tree<NativeTensor>, from: number, count: number): Tree<NativeTensor> {
  return treeMap(tree, ({ data, dtype, shape }) => {
    const size = data.length / shape[0];
    const rows = data.subarray(from * size, (from + count) * size);
    return NativeTensor.wrap(rows, dtype, [count, ...shape.slice(1)]);
  });
}
