/**
 * A vitest setup file for `npm run parity`: notes, for every test, which of its bounded assertions came nearest to
 * failing. The tests themselves stay what `npm test` runs.
 */
import { afterEach, beforeEach, chai } from 'vitest';
import { type Bounded, nearer } from './bounded.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** The assertion with the largest difference / tolerance; absent when the test compares for equality only. */
    nearest?: Bounded;
  }
}

let nearest: Bounded | undefined;

/** What `expect(actual).matcher(expected, digits)` bounds. */
const MATCHERS: Record<string, (actual: number, expected: number, digits?: number) => Bounded> = {
  toBeLessThan: (difference, tolerance) => ({ difference, tolerance }),
  toBeLessThanOrEqual: (difference, tolerance) => ({ difference, tolerance }),
  toBeCloseTo: (actual, expected, digits = 2) => ({
    difference: Math.abs(actual - expected),
    tolerance: 10 ** -digits / 2,
  }),
};

chai.use(({ Assertion }, { flag, overwriteMethod }) => {
  for (const [name, bound] of Object.entries(MATCHERS))
    overwriteMethod(
      Assertion.prototype,
      name,
      (original: (...args: unknown[]) => void) =>
        function (this: object, ...args: unknown[]) {
          const actual: unknown = flag(this, 'object');
          const [expected, digits] = args;
          if (!flag(this, 'negate') && typeof actual === 'number' && typeof expected === 'number')
            nearest = nearer(nearest, bound(actual, expected, digits as number | undefined));
          original.apply(this, args);
        },
    );
});

beforeEach(() => {
  nearest = undefined;
});

afterEach(({ task }) => {
  if (nearest) task.meta.nearest = nearest;
});
