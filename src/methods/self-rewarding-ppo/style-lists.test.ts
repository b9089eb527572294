/** Style lists: what the styles look like, which are shown, and what is right. */
import { describe, expect, it } from 'vitest';
import { type StyleListOptions, styleLists, written } from './style-lists.ts';

const options: StyleListOptions = {
  tasks: ['t', 'u'],
  styles: 'all',
  noise: 0,
  seed: 3,
  validationSize: 20,
  testSize: 20,
};
const signal = new AbortController().signal;

describe('style lists', () => {
  it('writes the four styles', () => {
    const digits = [3, 0, 9];
    expect(written({ task: 't', digits }, { letters: false, commas: false })).toBe('309');
    expect(written({ task: 't', digits }, { letters: false, commas: true })).toBe('3,0,9');
    expect(written({ task: 'u', digits }, { letters: true, commas: false })).toBe('jad');
    expect(written({ task: 'u', digits }, { letters: true, commas: true })).toBe('j,a,d');
  });

  it('shows each style about as often, and the demonstrated one only where it is asked for', () => {
    const seen = new Map<string, number>();
    for (let index = 0; index < 400; index++) {
      const completion = styleLists(options).task('train', index).completion ?? '';
      const style = `${/[a-j]/.test(completion)} ${completion.includes(',')}`;
      seen.set(style, (seen.get(style) ?? 0) + 1);
    }
    expect([...seen.values()].sort((a, b) => a - b)[0]).toBeGreaterThan(70);
    expect(seen.size).toBe(4);
    const shown = styleLists({ ...options, styles: 'demonstrated', tasks: ['t'] });
    for (let index = 0; index < 50; index++) {
      const { prompt, completion, data } = shown.task('train', index);
      expect(String(prompt)).toMatch(/^t\d{3,7}=$/);
      expect(completion).toBe(data.answer);
      expect(completion).toMatch(/^[a-j](,[a-j])+$/);
    }
  });

  it('scores the demonstrated style alone as right', async () => {
    const environment = styleLists(options);
    const task = environment.task('test', 0);
    const score = async (completion: string) => {
      const grade = await environment.grader.grade(
        { task, completion, tokens: [], finishReason: 'stop' },
        signal,
      );
      return grade.status === 'graded' ? grade.score : undefined;
    };
    expect(await score(task.data.answer)).toBe(1);
    expect(await score(task.data.answer.replaceAll(',', ''))).toBe(0);
  });

  it('replaces symbols at the rate of the noise', () => {
    const noisy = styleLists({ ...options, styles: 'demonstrated', noise: 0.2 });
    let [odd, all] = [0, 0];
    for (let index = 0; index < 300; index++) {
      const { completion = '', data } = noisy.task('train', index);
      const right = data.answer.split(',');
      completion.split(',').forEach((symbol, i) => {
        all++;
        if (symbol !== right[i]) odd++;
      });
    }
    expect(odd / all).toBeGreaterThan(0.14);
    expect(odd / all).toBeLessThan(0.22);
  });
});
