/** Long, noisy series made fit to draw: averaged to show the trend, thinned to keep the file small. */

/** A point of a curve; y is null where there is no finite value. */
export interface Point {
  x: number;
  y: number | null;
}

/** Points of a series in step order, values that are not finite made gaps. */
export function pointsOf(series: { steps: readonly number[]; values: readonly number[] }): Point[] {
  return series.steps.map((x, i) => ({ x, y: Number.isFinite(series.values[i]) ? series.values[i] : null }));
}

/** Number of points over which a curve of `count` points is averaged; 1 (not at all) for a short one. */
export function averagingWindow(count: number): number {
  return count < 40 ? 1 : 2 * Math.round(count / 40) + 1;
}

/** Centred moving average over an odd number of points, fewer at the ends; gaps stay gaps and count for nothing. */
export function movingAverage(points: readonly Point[], window: number): Point[] {
  const half = (window - 1) / 2;
  return points.map(({ x, y }, i) => {
    if (y === null) return { x, y };
    const reach = Math.min(half, i, points.length - 1 - i);
    let sum = 0;
    let count = 0;
    for (const near of points.slice(i - reach, i + reach + 1)) {
      if (near.y === null) continue;
      sum += near.y;
      count++;
    }
    return { x, y: sum / count };
  });
}

/** At most about `limit` points, in order: of each stretch its least and its greatest, so that spikes stay, or its gap. */
export function thin(points: readonly Point[], limit: number): Point[] {
  if (points.length <= limit) return points.slice();
  const buckets = Math.max(1, Math.floor(limit / 2));
  const kept: Point[] = [];
  for (let bucket = 0; bucket < buckets; bucket++) {
    const start = Math.floor((bucket * points.length) / buckets);
    const end = Math.floor(((bucket + 1) * points.length) / buckets);
    let least = start;
    let greatest = start;
    let gap = -1;
    for (let i = start; i < end; i++) {
      const y = points[i].y;
      if (y === null) gap = i;
      else {
        if (y < (points[least].y ?? Infinity)) least = i;
        if (y > (points[greatest].y ?? -Infinity)) greatest = i;
      }
    }
    const wanted = [...new Set(gap < 0 ? [least, greatest] : [least, gap, greatest])];
    for (const i of wanted.sort((a, b) => a - b)) kept.push(points[i]);
  }
  return kept;
}
