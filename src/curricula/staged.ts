/** Curricula in stages: what holds at which part of a training. */

/** What holds from each edge on: `values` has one more entry than `edges`, which rise. */
export interface Staged<Value> {
  edges: readonly number[];
  values: readonly Value[];
}

/**
 * Number of the stage at a progress (a share of the training, or any measure that the edges are given in): the number of
 * edges that are reached, so that stage i lasts from edge i to before the next. Throws a RangeError on edges that do not rise.
 */
export function stageAt(edges: readonly number[], progress: number): number {
  edges.forEach((edge, i) => {
    if (!(edge > (edges[i - 1] ?? Number.NEGATIVE_INFINITY)))
      throw new RangeError(`stageAt: edges ${edges.join(', ')}, expected rising numbers`);
  });
  return edges.filter((edge) => progress >= edge).length;
}

/** What holds at a progress. Throws a RangeError where there is not one value more than edges, and as `stageAt` does. */
export function stagedValue<Value>({ edges, values }: Staged<Value>, progress: number): Value {
  if (values.length !== edges.length + 1)
    throw new RangeError(
      `stagedValue: ${values.length} values for ${edges.length} edges, expected ${edges.length + 1}`,
    );
  return values[stageAt(edges, progress)];
}
