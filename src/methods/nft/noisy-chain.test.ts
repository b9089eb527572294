/** The noisy chain: worked examples add up but for misconceptions and slips, and scores are of the truth. */
import { describe, expect, it } from 'vitest';
import { misconceptionsOf, noisyChain } from './noisy-chain.ts';

const options = {
  steps: [6, 6] as const,
  misconceptions: 30,
  misconceived: 0.8,
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
const additions = (completion: string) =>
  [...completion.matchAll(/(\d)\+(\d)=(\d);/g)].map((match) => match.slice(1).map(Number));

describe('noisy chain', () => {
  it('has fixed misconceptions, none of which is right', () => {
    const known = misconceptionsOf(30);
    expect(known.size).toBe(30);
    for (const [pair, result] of known) expect(result).not.toBe((Math.floor(pair / 10) + (pair % 10)) % 10);
  });

  it('shows misconceptions four times in five, and slips one time in twenty', () => {
    const known = misconceptionsOf(30);
    let [met, shown, plain, slips] = [0, 0, 0, 0];
    for (let index = 0; index < 400; index++) {
      const all = additions(chain.task('train', index).completion ?? '');
      expect(all).toHaveLength(6);
      all.forEach(([sum, digit, result], i) => {
        if (i > 0) expect(sum).toBe(all[i - 1][2]);
        const believed = known.get(10 * sum + digit);
        const isRight = result === (sum + digit) % 10;
        if (believed === undefined) {
          plain++;
          if (!isRight) slips++;
        } else {
          met++;
          expect([believed, (sum + digit) % 10]).toContain(result);
          if (!isRight) shown++;
        }
      });
    }
    expect(Math.abs(shown / met - 0.8)).toBeLessThan(0.06);
    expect(Math.abs(slips / plain - 0.05)).toBeLessThan(0.02);
  });

  it('scores the true milestones, whatever the working says', async () => {
    const { prompt, completion = '' } = chain.task('train', 0);
    const digits = [...String(prompt).slice(1, -1)].map(Number);
    const sums = digits.map((_, i) => digits.slice(0, i + 1).reduce((a, b) => a + b) % 10);
    const truth = `A${sums[2]}${sums[4]}${sums[6]}`;
    expect(await scoreOf(0, truth)).toBe(1);
    expect(await scoreOf(0, `1+1=3;${truth}`)).toBe(1);
    expect(await scoreOf(0, `${truth}0`)).toBe(0);
    expect(await scoreOf(0, completion)).toBe(completion.endsWith(truth) ? 1 : 0);
    expect(completion.length).toBe(40);
  });

  it('without noise is right every time', async () => {
    const clean = noisyChain({ ...options, misconceptions: 0, slips: 0 });
    for (let index = 0; index < 20; index++) {
      const task = clean.task('train', index);
      expect(task.completion?.endsWith(`A${task.data.answer}`)).toBe(true);
    }
  });
});
