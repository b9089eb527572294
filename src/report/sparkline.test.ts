/** The curve in a line of text. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sparkline } from './index.ts';

it('goes from the lowest bar to the highest', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█');
  expect(sparkline([7, 0], 10)).toBe('█▁');
  expect(sparkline([0, 0, 1, 1, 2, 2], 3)).toBe('▁▅█');
});

it('has words for odd input', () => {
  expect(sparkline([], 5)).toBe('');
  expect(sparkline([0.3, 0.3], 5)).toBe('▄▄');
  expect(sparkline([0, Number.NaN, 1], 5)).toBe('▁ █');
  expect(sparkline([Number.NaN], 5)).toBe(' ');
  expect(() => sparkline([1], 0)).toThrow('width is 0, expected a positive integer');
});

it('never exceeds its width, and rises where the values do', () => {
  const list = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1, maxLength: 200 });
  fc.assert(
    fc.property(list, fc.integer({ min: 1, max: 80 }), (values, width) => {
      expect(sparkline(values, width)).toHaveLength(Math.min(width, values.length));
      const rising = [
        ...sparkline(
          [...values].sort((a, b) => a - b),
          width,
        ),
      ];
      expect(rising).toEqual([...rising].sort());
    }),
    { seed: 1 },
  );
});
