/** Held-out evaluation: which tasks, what counts, and repeatability. */
import { describe, expect, it } from 'vitest';
import { type EvaluationOptions, evaluate, evaluationTasks } from './index.ts';
import { successor, successorTokenizer } from './testing/successor.ts';
import { TabularEngine } from './testing/tabular-engine.ts';

const tokenizer = successorTokenizer();
const options = (more: Partial<EvaluationOptions> = {}): EvaluationOptions => ({
  engine: new TabularEngine({ tokenizer }),
  tokenizer,
  environment: successor(),
  split: 'validation',
  tasks: 100,
  samples: 4,
  sampling: { maxTokens: 3 },
  seed: 1,
  ...more,
});

describe('evaluationTasks', () => {
  it('takes all, or spreads a fixed choice over the split, or the first of an endless one', () => {
    expect(evaluationTasks(3, 5)).toEqual([0, 1, 2]);
    expect(evaluationTasks(10, 4)).toEqual([0, 2, 5, 7]);
    expect(evaluationTasks(Infinity, 3)).toEqual([0, 1, 2]);
  });
});

describe('evaluate', () => {
  it('gives the same figures again, and others with another seed', async () => {
    const strip = async (seed: number) => {
      const { summary, groups } = await evaluate(options({ seed }));
      return {
        ...summary,
        seconds: 0,
        texts: groups.flatMap((g) => g.trajectories.map((t) => t.completion)),
      };
    };
    expect(await strip(1)).toEqual(await strip(1));
    expect((await strip(1)).texts).not.toEqual((await strip(2)).texts);
  });

  it('computes pass@1, pass@k, means and parts from the grades', async () => {
    // Task i passes with its first i of 4 attempts, for i = 0..4 repeated over the 20 tasks.
    const seen = new Map<string, number>();
    const environment = successor();
    environment.grader.grade = ({ task }) => {
      const attempt = seen.get(task.id) ?? 0;
      seen.set(task.id, attempt + 1);
      const score = attempt < Number(task.prompt[1]) % 5 ? 1 : 0.25;
      return { status: 'graded', score, parts: { edits: attempt } };
    };
    const { summary } = await evaluate(options({ environment }));
    expect(summary.tasks).toBe(20);
    expect(summary.passAt1.estimate).toBeCloseTo(0.5, 12);
    expect(summary.meanScore.estimate).toBeCloseTo(0.625, 12);
    // pass@2 of c right among 4: 0, 1/2, 5/6, 1, 1.
    expect(summary.passAt['2'].estimate).toBeCloseTo((0 + 1 / 2 + 5 / 6 + 1 + 1) / 5, 12);
    expect(summary.passAt['4'].estimate).toBeCloseTo(4 / 5, 12);
    expect(summary.parts).toEqual({ edits: 1.5 });
    expect(summary.passAt1.low).toBeLessThan(0.5);
    expect(summary.passAt1.high).toBeGreaterThan(0.5);
  });

  it('counts failed grades apart from zeros', async () => {
    const environment = successor((_, answer) =>
      answer === '3' ? { status: 'failed', reason: 'broken' } : { status: 'graded', score: 1 },
    );
    const { summary } = await evaluate(options({ environment }));
    expect(summary.failed).toBe(8);
    expect(summary.passAt1.estimate).toBe(1);
    expect(summary.passAt1.low).toBeGreaterThan(0.7);
    expect(summary.passAt1.low).toBeLessThan(1);
  });

  it('passes at the threshold', async () => {
    const environment = successor(() => ({ status: 'graded', score: 0.5 }));
    expect((await evaluate(options({ environment }))).summary.passAt1.estimate).toBe(0);
    expect((await evaluate(options({ environment, passThreshold: 0.5 }))).summary.passAt1.estimate).toBe(1);
  });

  it('says so when nothing can be graded or there is nothing to try', async () => {
    const environment = successor(() => ({ status: 'failed', reason: 'the judge is asleep' }));
    await expect(evaluate(options({ environment }))).rejects.toThrow(/none of 80 .*the judge is asleep/);
    const empty = { ...successor(), size: () => 0 };
    await expect(evaluate(options({ environment: empty }))).rejects.toThrow(/validation split .* no tasks/);
  });

  it('greedy decoding gives the likeliest completion every time', async () => {
    const { groups } = await evaluate(options({ sampling: { maxTokens: 3, temperature: 0 } }));
    for (const { trajectories } of groups)
      expect(new Set(trajectories.map((trajectory) => trajectory.completion)).size).toBe(1);
  });
});
