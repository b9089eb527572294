import { expect, it } from 'vitest';
import { Recent } from './recent.ts';

it('keeps what was used last, makes nothing twice while it is kept, and lets go of everything once', () => {
  const made: string[] = [];
  const gone: string[] = [];
  const recent = new Recent<string>(2, (value) => gone.push(value));
  const use = (key: string) =>
    recent.get(key, () => {
      made.push(key);
      return key.toUpperCase();
    });
  expect(['a', 'b', 'a', 'c', 'a', 'b'].map(use)).toEqual(['A', 'B', 'A', 'C', 'A', 'B']);
  expect(made).toEqual(['a', 'b', 'c', 'b']);
  expect(gone).toEqual(['B', 'C']);
  expect(recent.size).toBe(2);
  recent.clear();
  expect(gone).toEqual(['B', 'C', 'A', 'B']);
  expect(recent.size).toBe(0);
});
