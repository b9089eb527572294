/** Tests of grading many at once: order, failures, time limits, cancelling; and of sums and function graders. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Grade, Grader } from '../types/index.ts';
import { functionGrader } from './function-grader.ts';
import { gradeAll } from './grade-all.ts';
import { gradeOf, inputOf } from './testing.ts';
import { weighted } from './weighted.ts';

const inputs = (n: number) => Array.from({ length: n }, (_, i) => inputOf(String(i), null));

describe('gradeAll', () => {
  it('keeps the order of the inputs and the limit on how many run', async () => {
    let running = 0;
    let most = 0;
    const grader = functionGrader('slow', async ({ completion }) => {
      most = Math.max(most, ++running);
      await sleep((Number(completion) * 7) % 5);
      running--;
      return Number(completion) / 100;
    });
    const grades = await gradeAll(grader, inputs(40), { concurrency: 6 });
    expect(grades).toEqual(inputs(40).map((_, i) => ({ status: 'graded', score: i / 100 })));
    expect(most).toBe(6);
    expect(await gradeAll(grader, [])).toEqual([]);
  });

  it('turns whatever goes wrong into a failed grade with its reason', async () => {
    const results: Record<string, () => unknown> = {
      throws: () => {
        throw new Error('no kernel');
      },
      rejects: () => Promise.reject(new Error('gone')),
      text: () => Promise.reject('just text'),
      nan: () => Number.NaN,
      above: () => 1.5,
      below: async () => -0.1,
      nothing: () => undefined,
      part: () => ({ status: 'graded', score: 1, parts: { n: Number.POSITIVE_INFINITY } }),
      odd: () => ({ status: 'fine' }),
      own: () => ({ status: 'failed', reason: 'offline' }),
    };
    const names = Object.keys(results);
    const grader = functionGrader('any', ({ completion }) => results[completion]() as number);
    const grades = await gradeAll(
      grader,
      names.map((name) => inputOf(name, null)),
    );
    const reasons = Object.fromEntries(
      grades.map((grade, i) => [names[i], grade.status === 'failed' ? grade.reason : 'graded']),
    );
    expect(reasons).toEqual({
      throws: 'no kernel',
      rejects: 'gone',
      text: 'just text',
      nan: 'the score is NaN, expected a number in [0, 1]',
      above: 'the score is 1.5, expected a number in [0, 1]',
      below: 'the score is -0.1, expected a number in [0, 1]',
      nothing: 'the grader returned undefined, expected a grade',
      part: 'the part n is Infinity, expected a finite number',
      odd: "the grade's status is \"fine\", expected 'graded' or 'failed'",
      own: 'offline',
    });
  });

  it('fails the one that is late, aborts its signal, and grades the others', async () => {
    let aborted = false;
    const grader: Grader = {
      name: 'judge',
      async grade({ completion }, signal) {
        if (completion === '1') {
          signal.addEventListener('abort', () => {
            aborted = true;
          });
          await sleep(5000, undefined, { signal });
        }
        return { status: 'graded', score: 1 };
      },
    };
    const grades = await gradeAll(grader, inputs(3), { timeoutMs: 30 });
    expect(grades.map((grade) => grade.status)).toEqual(['graded', 'failed', 'graded']);
    expect(grades[1]).toEqual({ status: 'failed', reason: 'judge did not answer within 30 ms' });
    expect(aborted).toBe(true);
  });

  it('stops at its own signal', async () => {
    const controller = new AbortController();
    let started = 0;
    const grader = functionGrader('slow', async (_, signal) => {
      started++;
      await sleep(5000, undefined, { signal });
      return 1;
    });
    const all = gradeAll(grader, inputs(50), { concurrency: 2, signal: controller.signal });
    controller.abort(new Error('stopped by the user'));
    await expect(all).rejects.toThrow('stopped by the user');
    expect(started).toBe(2);
    await expect(gradeAll(grader, inputs(1), { signal: controller.signal })).rejects.toThrow(
      'stopped by the user',
    );
    expect(started).toBe(2);
  });

  it('refuses bad limits', async () => {
    const grader = functionGrader('one', () => 1);
    await expect(gradeAll(grader, [], { concurrency: 0 })).rejects.toThrow(/concurrency is 0/);
    await expect(gradeAll(grader, [], { timeoutMs: Number.POSITIVE_INFINITY })).rejects.toThrow(
      /timeoutMs is Infinity/,
    );
  });
});

describe('weighted', () => {
  const one = functionGrader('one', () => 1);
  const half = functionGrader(
    'half',
    async (): Promise<Grade> => ({ status: 'graded', score: 0.5, parts: { x: 3 } }),
  );
  const broken = functionGrader('broken', () => {
    throw new Error('no network');
  });

  it('is the weighted mean, with the parts by name', async () => {
    const grade = await gradeOf(weighted({ correct: { grader: half, weight: 3 }, format: one }), 'x', null);
    expect(grade).toEqual({
      status: 'graded',
      score: 0.625,
      parts: { correct: 0.5, 'correct.x': 3, format: 1 },
    });
  });

  it('never exceeds 1 by rounding', async () => {
    const parts = Object.fromEntries(
      [0.1, 0.2, 0.3, 0.7, 0.11, 0.13].map((weight, i) => [`p${i}`, { grader: one, weight }]),
    );
    const grade = await gradeOf(weighted(parts), 'x', null);
    expect(grade.status === 'graded' && grade.score <= 1 && grade.score > 0.999999).toBe(true);
  });

  it('fails where any part fails, and says which', async () => {
    const grade = await gradeOf(weighted({ correct: one, style: broken, other: half }), 'x', null);
    expect(grade).toEqual({ status: 'failed', reason: 'style: no network' });
  });

  it('refuses empty sums and weights that are not above 0', () => {
    expect(() => weighted({})).toThrow(/no graders/);
    expect(() => weighted({ a: { grader: one, weight: 0 } })).toThrow(/the weight of a is 0/);
  });
});
