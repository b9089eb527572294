/** TruthRL's step: its rewards, what groups make of them, what it asks of the starting weights, and how it resumes. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { exactMatch, truthful } from '../../graders/index.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { Environment, Grade } from '../../types/index.ts';
import { truthrl } from './method.ts';
import { rTuning } from './r-tuning.ts';
import { truthReward, withReasoning } from './reward.ts';

const tokenizer = successorTokenizer();
const OUTCOMES = {
  right: { score: 1, parts: { correct: 1, abstained: 0, wrong: 0, thought: 0.5 } },
  silent: { score: 0.5, parts: { correct: 0, abstained: 1, wrong: 0, thought: 1 } },
  wrong: { score: 0, parts: { correct: 0, abstained: 0, wrong: 1, thought: 0 } },
} as const;
type Name = keyof typeof OUTCOMES | 'failed';

/** Attempts get these outcomes in turn; those of probing, by the task alone. */
function scripted(names: readonly Name[]): Environment {
  let next = 0;
  return successor((): Grade => {
    const name = names[next++ % names.length];
    return name === 'failed' ? { status: 'failed', reason: 'x' } : { status: 'graded', ...OUTCOMES[name] };
  });
}

const contextOf = (step: number) => ({
  step,
  stageStep: step,
  signal: new AbortController().signal,
  onTokens() {},
  onTime() {},
});

function instance(method: typeof truthrl, config: object, environment: Environment) {
  const engine = new TabularEngine({ tokenizer });
  return method.create(
    method.config.parse({
      ...method.defaults,
      ...(method === truthrl ? { promptsPerStep: 2, groupSize: 4 } : {}),
      ...config,
    }),
    {
      engine,
      reference: engine.fork(),
      tokenizer,
      environment,
      curriculum: sequential(70),
      sampling: { maxTokens: 3, temperature: 1 },
      seed: 1,
      stage: 0,
    },
  );
}

const advantagesOf = async (config: object, names: Name[]) =>
  (await instance(truthrl, { normalise: 'none', ...config }, scripted(names)).step(contextOf(1))).advantages;

describe('rewards', () => {
  const ternary = { reward: 'ternary', abstain: 0 } as const;
  const binary = { reward: 'binary', abstain: 0 } as const;

  it('are those of the table in the paper', () => {
    const row = (options: typeof ternary | typeof binary, beyond: boolean) =>
      (['correct', 'abstained', 'wrong'] as const).map((outcome) => truthReward(outcome, options, beyond));
    expect(row(ternary, false)).toEqual([1, 0, -1]);
    expect(row(binary, false)).toEqual([1, -1, -1]);
    expect(row(ternary, true)).toEqual([-1, 1, -1]);
    expect(row(binary, true)).toEqual([-1, 1, -1]);
    expect(truthReward('abstained', { ...ternary, abstain: 0.4 })).toBe(0.4);
  });

  it('join a score of the reasoning in three ways', () => {
    expect(withReasoning(1, 0.5, 'add', 'correct')).toBe(1.5);
    expect(withReasoning(-1, 0.5, 'add', 'wrong')).toBe(-0.5);
    expect(withReasoning(-1, 0.5, 'multiply', 'wrong')).toBe(-0.5);
    expect(withReasoning(-1, 0.5, 'conditional', 'wrong')).toBe(-1);
    expect(withReasoning(1, 0.5, 'conditional', 'correct')).toBe(1.5);
  });
});

describe('TruthRL', () => {
  const names: Name[] = ['right', 'silent', 'wrong', 'wrong', 'silent', 'wrong', 'wrong', 'failed'];

  it('prefers an abstention to a wrong answer, which right-or-wrong rewards do not', async () => {
    const near = (x: number) => expect.closeTo(x, 5);
    expect(await advantagesOf({}, names)).toEqual([
      [near(1.25), near(0.25), near(-0.75), near(-0.75)],
      [near(2 / 3), near(-1 / 3), near(-1 / 3), null],
    ]);
    expect(await advantagesOf({ reward: 'binary' }, names)).toEqual([
      [near(1.5), near(-0.5), near(-0.5), near(-0.5)],
      [0, 0, 0, null],
    ]);
  });

  it('takes another reward of abstaining, which moves the threshold', async () => {
    const [group] =
      (await advantagesOf({ abstainReward: 0.8 }, ['right', 'silent', 'silent', 'wrong'])) ?? [];
    expect(group).toEqual([0.6, 0.4, 0.4, -1.4].map((x) => expect.closeTo(x, 5)));
  });

  it('reports outcomes, and its reward', async () => {
    const { metrics } = await instance(truthrl, {}, scripted(names)).step(contextOf(1));
    expect(metrics).toMatchObject({ 'truth.accuracy': 1 / 7, 'truth.hallucination': 4 / 7 });
    expect(metrics['truth.truthfulness']).toBeCloseTo(-3 / 7, 10);
    expect(metrics['truth.reward']).toBeCloseTo(-3 / 7, 10);
  });

  it('adds a score of the reasoning, and misses it where it is not there', async () => {
    const config = { reasoning: { part: 'thought', combine: 'add' } };
    const [group] = (await advantagesOf(config, ['right', 'silent', 'wrong', 'wrong'])) ?? [];
    expect(group).toEqual([1.5, 1, -1, -1].map((reward) => expect.closeTo(reward - 0.125, 5)));
    const absent = advantagesOf({ reasoning: { part: 'logic' } }, ['right']);
    await expect(absent).rejects.toThrow('no part logic');
  });

  it('tells abstentions by phrases where the grader does not, and asks for them where nothing does', async () => {
    await expect(instance(truthrl, {}, successor()).step(contextOf(1))).rejects.toThrow('`abstain`');
    const made = await instance(truthrl, { abstain: [...'0123456789'], groupSize: 64 }, successor()).step(
      contextOf(1),
    );
    expect(made.metrics['truth.abstention']).toBeGreaterThan(0);
  });
});

describe('the boundary of knowledge', () => {
  /** Questions that end in 5 are known to nobody. */
  const environment = {
    ...successor(),
    grader: truthful({
      grader: {
        name: 'some',
        grade: ({ task }) => ({ status: 'graded', score: Number(!String(task.prompt).endsWith('5=')) }),
      },
      abstain: ['999'],
    }),
  } satisfies Environment;

  it('rewards abstaining alone on questions beyond it', async () => {
    const config = {
      knowledge: { probes: 4 },
      promptsPerStep: 10,
      abstain: ['9', '99'],
      groupSize: 32,
      normalise: 'none',
    };
    const plain = { ...successor(), grader: exactMatch({ reference: () => 'never' }) } as Environment;
    const made = await instance(truthrl, config, plain).step(contextOf(1));
    expect(made.metrics['truth.beyond']).toBe(1);
    const { 'truth.abstention': silent, 'truth.reward': reward } = made.metrics;
    expect(silent).toBeGreaterThan(0);
    expect(reward).toBeCloseTo(2 * silent - 1, 10);
  });

  it('is asked for once a task, and is the same after a resume', async () => {
    const config = { knowledge: { probes: 4 }, promptsPerStep: 10 };
    const straight = instance(truthrl, config, environment);
    const first = await straight.step(contextOf(1));
    expect(first.metrics['truth.beyond']).toBe(0.1);
    const state = JSON.parse(JSON.stringify(straight.state()));
    expect(Object.values(state).filter((rate) => rate === 0)).toHaveLength(1);
    const resumed = instance(truthrl, config, environment);
    resumed.restore(state);
    expect(resumed.state()).toEqual(state);
    const again = await resumed.step(contextOf(1));
    expect(again.advantages).toEqual(first.advantages);
  });

  it('makes R-Tuning teach abstaining there, and the worked answer elsewhere', async () => {
    const config = { abstain: '999', probes: 4, batchSize: 10 };
    const { updates, metrics } = await instance(rTuning, config, environment).step(contextOf(1));
    expect(metrics['examples.abstaining']).toBe(0.1);
    const said = updates[0].batch.sequences.map((tokens) => tokenizer.decode([...tokens]));
    expect(said.filter((text) => text.endsWith('999'))).toEqual(['05=999']);
    expect(said).toContain('04=5');
  });
});
