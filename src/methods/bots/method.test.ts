/** BOTS composed: it selects by metadata or reference models, learns from predictions, and resumes with everything it knows. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { Environment } from '../../types/index.ts';
import { bots } from './method.ts';

const tokenizer = successorTokenizer();

/** Tasks 0..34 are always failed by either reference, and by the learner; tasks 35..69 are half right. */
function environment(withRates = true): Environment {
  let tried = 0;
  const plain = successor();
  return {
    ...plain,
    task(split, index) {
      const rate = index < 35 ? 0 : 0.5;
      const rates = { weakRate: rate, strongRate: rate === 0 ? 0 : 0.7 };
      return { ...plain.task(split, index), metadata: withRates ? rates : {} };
    },
    grader: {
      name: 'half',
      grade: ({ task }) => {
        const hopeless = Number(task.prompt.slice(0, 2)) < 35;
        return { status: 'graded', score: hopeless ? 0 : tried++ % 2 };
      },
    },
  };
}

function instance(config: object, tasks = environment()) {
  const parsed = bots.config.parse({ ...bots.defaults, promptsPerStep: 4, groupSize: 4, ...config });
  return bots.create(parsed, {
    engine: new TabularEngine({ tokenizer }),
    tokenizer,
    environment: tasks,
    curriculum: sequential(70),
    sampling: { maxTokens: 2, temperature: 1 },
    seed: 1,
    stage: 0,
  });
}

const context = (step: number) => ({
  step,
  stageStep: step,
  signal: new AbortController().signal,
  onTokens() {},
  onTime() {},
});

/** Numbers of the tasks that each step chose. */
async function chosen(made: ReturnType<typeof instance>, steps: number, from = 1) {
  const all: number[][] = [];
  for (let step = from; step < from + steps; step++) {
    const { groups = [] } = await made.step(context(step));
    all.push(groups.map(({ task }) => Number(String(task.prompt).slice(0, 2))));
  }
  return all;
}

const hopeful = (steps: number[][]) => steps.flat().filter((k) => k >= 35).length / steps.flat().length;

describe('BOTS', () => {
  it('finds the tasks worth learning from by implicit evidence, which attempts alone do not', async () => {
    const config = { implicitWeight: 0.5 };
    const late = hopeful((await chosen(instance(config), 8)).slice(2));
    const without = hopeful((await chosen(instance({ implicitWeight: 0 }), 8)).slice(2));
    expect(late).toBeGreaterThan(0.9);
    expect(without).toBeLessThan(0.8);
  });

  it('reports how selection goes', async () => {
    const made = instance({});
    await made.step(context(1));
    const { metrics, updates } = await made.step(context(2));
    expect(updates[0].objective.name).toBe('grpo');
    expect(metrics['selection.implicitWeight']).toBe(0.1);
    expect(metrics['selection.effectiveTasks']).toBeGreaterThanOrEqual(0);
    expect(Number.isFinite(metrics['selection.position'])).toBe(true);
  });

  it('goes on from its state, without the references it read', async () => {
    const whole = await chosen(instance({}), 5);
    const first = instance({});
    const begun = await chosen(first, 2);
    const state = JSON.parse(JSON.stringify(first.state()));
    const second = instance({}, environment(false));
    second.restore(state);
    expect(second.state()).toEqual(state);
    expect(begun[1]).toEqual(whole[1]);
    const { groups = [] } = await second.step(context(3));
    expect(groups.map(({ task }) => Number(String(task.prompt).slice(0, 2)))).toEqual(whole[2]);
  });

  it('walks from easy to hard, or anywhere, for comparison', async () => {
    const easy = await chosen(instance({ selection: 'easiest-first' }), 2);
    expect(easy.flat()).toEqual([35, 36, 37, 38, 39, 40, 41, 42]);
    const anywhere = await chosen(instance({ selection: 'uniform' }, environment(false)), 3);
    expect(new Set(anywhere[0]).size).toBe(4);
    expect(anywhere[0]).not.toEqual(anywhere[1]);
  });

  it('selects from a pool, and says what is missing', async () => {
    const few = await chosen(instance({ pool: 6, selection: 'uniform' }), 4);
    expect(Math.max(...few.flat())).toBeLessThan(6);
    await expect(instance({}, environment(false)).step(context(1))).rejects.toThrow(
      /task train-00= has metadata weakRate undefined, expected a success rate from 0 to 1/,
    );
    const endless = { ...environment(), size: () => Infinity };
    expect(() => instance({}, endless)).toThrow(/has no end of training tasks, expected pool/);
  });
});
