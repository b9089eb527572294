/** Figures of a learning curve: how high it is on the whole, and when it first reaches a level. */

/** A measure y at rising x (steps, say), as many of both. */
export interface LearningCurve {
  x: readonly number[];
  y: readonly number[];
}

function checked(name: string, { x, y }: LearningCurve): void {
  if (x.length !== y.length || x.length === 0)
    throw new RangeError(
      `${name}: ${x.length} x and ${y.length} y, expected as many of both and at least one`,
    );
  const wrong = x.findIndex(
    (at, i) => !(Number.isFinite(at) && Number.isFinite(y[i]) && (i === 0 || at > x[i - 1])),
  );
  if (wrong >= 0)
    throw new RangeError(
      `${name}: point ${wrong} is (${x[wrong]}, ${y[wrong]}), expected finite numbers and rising x`,
    );
}

/** Area under the curve by trapezoids over its length: the mean of y. Throws a RangeError on fewer than two points. */
export function meanHeight(curve: LearningCurve): number {
  checked('meanHeight', curve);
  const { x, y } = curve;
  if (x.length < 2) throw new RangeError('meanHeight: 1 point, expected at least 2');
  let area = 0;
  for (let i = 1; i < x.length; i++) area += ((y[i - 1] + y[i]) / 2) * (x[i] - x[i - 1]);
  return area / (x[x.length - 1] - x[0]);
}

/** y at x, linear between the points and flat beyond them. Throws a RangeError on a curve without points. */
export function heightAt(curve: LearningCurve, at: number): number {
  checked('heightAt', curve);
  const { x, y } = curve;
  const next = x.findIndex((one) => one >= at);
  if (next < 0) return y[y.length - 1];
  if (next === 0) return y[0];
  return y[next - 1] + ((y[next] - y[next - 1]) * (at - x[next - 1])) / (x[next] - x[next - 1]);
}

/**
 * Least x at which the curve is as high as a level, linear between the points; undefined where it never is. Throws a RangeError
 * on a curve without points.
 */
export function firstReach(curve: LearningCurve, level: number): number | undefined {
  checked('firstReach', curve);
  const { x, y } = curve;
  const next = y.findIndex((one) => one >= level);
  if (next < 0) return undefined;
  if (next === 0) return x[0];
  return x[next - 1] + ((x[next] - x[next - 1]) * (level - y[next - 1])) / (y[next] - y[next - 1]);
}

/** Greatest y up to an x. Throws a RangeError where there is no point up to it. */
export function bestSoFar(curve: LearningCurve, at: number): number {
  checked('bestSoFar', curve);
  const seen = curve.y.filter((_, i) => curve.x[i] <= at);
  if (seen.length === 0)
    throw new RangeError(`bestSoFar: no point up to ${at}, expected one from ${curve.x[0]} on`);
  return Math.max(...seen);
}
