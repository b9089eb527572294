/** Few training tasks: the first ones, and nothing else changed. */
import { expect, it } from 'vitest';
import { arithmetic } from './arithmetic.ts';
import { withFewTasks } from './few.ts';

it('has the first training tasks only, and the other splits whole', () => {
  const whole = arithmetic({ seed: 2 });
  const few = withFewTasks(whole, 16);
  expect(few.size('train')).toBe(16);
  expect(few.task('train', 15)).toEqual(whole.task('train', 15));
  expect(() => few.task('train', 16)).toThrow(/train task 16, expected an integer from 0 below 16/);
  expect(few.size('test')).toBe(whole.size('test'));
  expect(few.task('test', 3)).toEqual(whole.task('test', 3));
  expect(() => withFewTasks(few, 17)).toThrow(/count is 17, expected an integer from 1 to 16/);
  expect(() => withFewTasks(few, 0)).toThrow(/count is 0/);
});
