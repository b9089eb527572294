/** Digit skills: answers worked out by hand, noise that propagates in running skills, marks that do not count. */
import { describe, expect, it } from 'vitest';
import { digitSkills, type Skill } from './digit-skills.ts';

const options = { skills: ['M', 'R', 'L', 'D'] as Skill[], noise: 0, styled: 0, seed: 1, heldOutSize: 40 };
const signal = new AbortController().signal;
const first = (n: number, more = {}) => {
  const environment = digitSkills({ ...options, ...more });
  return Array.from({ length: n }, (_, i) => environment.task('train', i));
};

describe('digit skills', () => {
  it('works each skill out rightly', () => {
    const seen = new Set<string>();
    for (const { prompt, data, completion } of first(60)) {
      const [skill, ...digits] = [...String(prompt).slice(0, -1)];
      const n = digits.map(Number);
      const wanted: Record<string, number[]> = {
        D: n.map((digit) => (digit + 1) % 10),
        R: [n[4], n[3], n[2], n[1], n[0]],
        L: [n[2], n[3], n[4], n[0], n[1]],
        M: n.map((_, i) => Math.max(...n.slice(0, i + 1))),
      };
      expect(data.answer).toBe(wanted[skill].join(''));
      expect(completion).toBe(data.answer);
      seen.add(skill);
    }
    expect(seen.size).toBe(4);
  });

  it('writes wrong digits as often as told, from which maxima go on', () => {
    let [wrong, digits] = [0, 0];
    for (const { prompt, completion = '' } of first(400, { skills: ['M'], noise: 0.2 })) {
      const given = [...String(prompt).slice(1, -1)].map(Number);
      const said = [...completion].map(Number);
      said.forEach((digit, i) => {
        digits++;
        if (digit !== (i === 0 ? given[0] : Math.max(said[i - 1], given[i]))) wrong++;
      });
    }
    expect(Math.abs(wrong / digits - 0.2)).toBeLessThan(0.03);
  });

  it('marks maxima as often as told, and grades digits alone', async () => {
    const styled = first(300, { styled: 0.5 }).filter(({ completion = '' }) => completion.startsWith('~'));
    expect(styled.every(({ metadata }) => metadata?.skill === 'M')).toBe(true);
    const { grader, task } = digitSkills(options);
    const one = task('test', 0);
    const grade = (completion: string) =>
      grader.grade({ task: one, completion, tokens: [], finishReason: 'stop' }, signal);
    expect(await grade(one.data.answer)).toEqual({ status: 'graded', score: 1, parts: { styled: 0 } });
    expect(await grade(`~${one.data.answer}`)).toEqual({ status: 'graded', score: 1, parts: { styled: 1 } });
    expect(await grade(`${one.data.answer}0`)).toMatchObject({ score: 0 });
  });

  it('is a fixed file where a size is given', () => {
    const file = digitSkills({ ...options, trainingSize: 7 });
    expect(file.size('train')).toBe(7);
    expect(file.task('train', 3)).toEqual(digitSkills(options).task('train', 3));
  });
});
