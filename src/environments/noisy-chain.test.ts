/** The noisy chain: worked examples add up but for misconceptions and slips, and scores are of the truth. */
import { describe, expect, it } from 'vitest';
import { misconceptionsOf, noisyChain } from './noisy-chain.ts';

const options = {
  additions: 6,
  misconceptions: new Array<number>(30).fill(0.8),
  slips: 0.05,
  seed: 1,
  validationSize: 4,
  testSize: 4,
};
const chain = noisyChain(options);
const signal = new AbortController().signal;

async function scoreOf(index: number, completion: string) {
  const task = chain.task('train', index);
  const grade = await chain.grader.grade({ task, completion, tokens: [], finishReason: 'stop' }, signal);
  return grade.status === 'graded' ? grade.score : undefined;
}

/** The additions of a worked completion as [sum, digit, result]. */
function additions(completion: string): number[][] {
  const digits = [...completion.slice(0, completion.indexOf('A'))].map(Number);
  return Array.from({ length: (digits.length - 1) / 2 }, (_, i) => digits.slice(2 * i, 2 * i + 3));
}

describe('noisy chain', () => {
  it('has fixed misconceptions, none of which is right', () => {
    const known = misconceptionsOf(options.misconceptions);
    expect(known.size).toBe(30);
    for (const [pair, { result }] of known)
      expect(result).not.toBe((Math.floor(pair / 10) + (pair % 10)) % 10);
  });

  it('shows misconceptions four times in five, and slips one time in twenty', () => {
    const known = misconceptionsOf(options.misconceptions);
    let [met, shown, plain, slips] = [0, 0, 0, 0];
    for (let index = 0; index < 400; index++) {
      const all = additions(chain.task('train', index).completion ?? '');
      expect(all).toHaveLength(6);
      expect(`${chain.task('train', index).prompt}`).toBe(
        `${[all[0][0], ...all.map(([, digit]) => digit)].join('+')}=`,
      );
      for (const [sum, digit, result] of all) {
        const believed = known.get(10 * sum + digit)?.result;
        const isRight = result === (sum + digit) % 10;
        if (believed === undefined) {
          plain++;
          if (!isRight) slips++;
        } else {
          met++;
          expect([believed, (sum + digit) % 10]).toContain(result);
          if (!isRight) shown++;
        }
      }
    }
    expect(Math.abs(shown / met - 0.8)).toBeLessThan(0.06);
    expect(Math.abs(slips / plain - 0.05)).toBeLessThan(0.02);
  });

  it('scores the true milestones, whatever the working says', async () => {
    const { prompt, completion = '' } = chain.task('train', 0);
    const digits = String(prompt).slice(0, -1).split('+').map(Number);
    const sums = digits.map((_, i) => digits.slice(0, i + 1).reduce((a, b) => a + b) % 10);
    const truth = `A${sums[2]}${sums[4]}${sums[6]}`;
    expect(await scoreOf(0, truth)).toBe(1);
    expect(await scoreOf(0, `113${truth}`)).toBe(1);
    expect(await scoreOf(0, `${truth}0`)).toBe(0);
    expect(await scoreOf(0, completion)).toBe(completion.endsWith(truth) ? 1 : 0);
    expect(completion.length).toBe(17);
  });

  it('without noise is right every time', async () => {
    const clean = noisyChain({ ...options, misconceptions: [], slips: 0 });
    for (let index = 0; index < 20; index++) {
      const task = clean.task('train', index);
      expect(task.completion?.endsWith(`A${task.data.answer}`)).toBe(true);
    }
  });

  it('has misconceptions and slips of different strengths, the same pairs whatever the others are', () => {
    const [first, second] = misconceptionsOf([0, 1]);
    expect(misconceptionsOf(options.misconceptions).get(second[0])).toEqual({ ...second[1], chance: 0.8 });
    const uneven = noisyChain({ ...options, misconceptions: [0, 1], slips: [0, 0, 1] });
    const third = [...misconceptionsOf([0, 0, 0]).keys()][2];
    const met = new Map<number, Set<number>>();
    for (let index = 0; index < 400; index++)
      for (const [sum, digit, result] of additions(uneven.task('train', index).completion ?? '')) {
        const pair = 10 * sum + digit;
        met.set(pair, (met.get(pair) ?? new Set()).add((result - sum - digit + 30) % 10));
      }
    expect(met.get(first[0])).toEqual(new Set([0]));
    expect(met.get(second[0])?.size).toBe(1);
    expect(met.get(second[0])?.has(0)).toBe(false);
    expect(met.get(third)?.size).toBeGreaterThan(4);
    expect(met.get(third)?.has(0)).toBe(false);
    met.delete(second[0]);
    met.delete(third);
    for (const results of met.values()) expect(results).toEqual(new Set([0]));
    expect(() => noisyChain({ ...options, misconceptions: [0.5, 1.5] })).toThrow(
      /number 1 is 1.5; expected up to 100/,
    );
  });

  it('counts as many values of short chains, some of them twice', () => {
    const short = noisyChain({ ...options, additions: 1 }).task('train', 0);
    expect(short.prompt).toMatch(/^\d\+\d=$/);
    expect(short.completion).toMatch(/^\d{2}(\d)A\1{3}$/);
    expect(() => noisyChain({ ...options, additions: 0 })).toThrow(/additions is 0/);
  });
});
