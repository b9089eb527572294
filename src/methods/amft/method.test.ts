/** AMFT's step: what is mixed, where μ goes when demonstrations or rewards are worthless, and that runs resume. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { rng } from '../../random/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { Environment } from '../../types/index.ts';
import { methods } from '../index.ts';
import { amft } from './method.ts';

const tokenizer = successorTokenizer();
/** Rewards answers of an odd number of characters: demonstrations, of one digit, agree. */
const odd = () => successor((said) => ({ status: 'graded', score: Number(said.length % 2 === 1) }));
const worthless = () => successor(() => ({ status: 'graded', score: 0 }));

/** The same tasks with worked completions of random digits, never of an odd number. */
function noisy(environment: Environment): Environment {
  return {
    ...environment,
    task(split, index) {
      const random = rng(9, split, index);
      const completion = Array.from({ length: 2 * random.int(2) }, () => random.int(10)).join('');
      return { ...environment.task(split, index), completion };
    },
  };
}

const contextOf = (step: number) => ({
  step,
  stageStep: step,
  signal: new AbortController().signal,
  onTokens() {},
  onTime() {},
});

function setUp(config: object, environment: Environment) {
  const engine = new TabularEngine({ tokenizer });
  const parsed = amft.config.parse({
    ...amft.defaults,
    imitationSteps: 0,
    promptsPerStep: 8,
    groupSize: 4,
    ...config,
  });
  const instance = amft.create(parsed, {
    engine,
    tokenizer,
    environment,
    curriculum: sequential(70),
    sampling: { maxTokens: 8, temperature: 1 },
    seed: 1,
    stage: 0,
  });
  return { engine, instance };
}

/** μ after so many steps of learning. */
async function muAfter(steps: number, config: object, environment: Environment) {
  const { engine, instance } = setUp(config, environment);
  let mu = Number.NaN;
  for (let step = 1; step <= steps; step++) {
    const { updates, metrics } = await instance.step(contextOf(step));
    for (const { batch, objective, also = [] } of updates) {
      await engine.forwardBackward(batch, objective);
      for (const further of also) await engine.forwardBackward(further.batch, further.objective);
      await engine.optimStep({ learningRate: 0.02 });
    }
    mu = metrics['amft.mu'];
  }
  return mu;
}

const META = { entropyRate: 0, metaRate: 2, metaEvery: 1, validationTasks: 16, validationAttempts: 8 };

describe('AMFT', () => {
  it('takes μ of imitation and the rest of reinforcement in one optimiser step', async () => {
    const fixed = { metaRate: 0, entropyRate: 0, mu: 0.25 };
    const { engine, instance } = setUp(fixed, odd());
    const { updates, groups = [], metrics } = await instance.step(contextOf(1));
    expect(updates).toHaveLength(1);
    const [{ batch, objective, also = [] }] = updates;
    expect([objective.name, ...also.map((one) => one.objective.name)]).toEqual(['grpo', 'cross-entropy']);
    expect(metrics['amft.mu']).toBe(0.25);
    const weights = (rows: readonly ArrayLike<number>[]) =>
      rows.flatMap((row) => Array.from(row)).reduce((a, b) => a + b, 0);
    expect(weights(also[0].batch.weight)).toBeCloseTo(0.25, 5);
    expect(weights(batch.weight)).toBeLessThanOrEqual(0.75 + 1e-5);
    expect(also[0].batch.sequences).toEqual(
      groups.map(({ task }) => [...tokenizer.encode(`${task.prompt}${task.completion}`), tokenizer.eosId]),
    );
    // The same gradient as (1 - μ) g_R + μ g_S of whole weights.
    const gradient = async (parts: typeof updates) => {
      for (const part of parts) await engine.forwardBackward(part.batch, part.objective);
      return await engine.takeGradient();
    };
    const mixed = await gradient([{ batch, objective }, ...also]);
    const whole = (factor: number, part: (typeof updates)[number]) => ({
      ...part,
      batch: { ...part.batch, weight: part.batch.weight.map((row) => Array.from(row, (w) => w / factor)) },
    });
    const [gR, gS] = [
      await gradient([whole(0.75, { batch, objective })]),
      await gradient([whole(0.25, also[0])]),
    ];
    mixed.forEach((g, i) => {
      expect(g).toBeCloseTo(0.75 * gR[i] + 0.25 * gS[i], 5);
    });
  });

  it('imitates alone at first', async () => {
    const { instance } = setUp({ imitationSteps: 1 }, odd());
    const first = await instance.step(contextOf(1));
    expect(first.updates.map(({ objective }) => objective.name)).toEqual(['cross-entropy']);
    expect(first.groups).toBeUndefined();
    const second = await instance.step(contextOf(2));
    expect(second.metrics['amft.targetEntropy']).toBeGreaterThan(1);
    expect(second.updates[0].objective.name).toBe('grpo');
  });

  it('lets go of demonstrations that are noise, by the meta-gradient alone', async () => {
    expect(await muAfter(20, META, noisy(odd()))).toBe(0.05);
  });

  it('holds on to demonstrations where no reward teaches anything', async () => {
    expect(await muAfter(12, { ...META, utility: 'likelihood' }, worthless())).toBe(0.95);
    // Neither do validation tasks then: without them, and without entropy, nothing moves μ.
    expect(await muAfter(3, META, worthless())).toBe(0.5);
  });

  it('moves μ by the entropy, either way', async () => {
    const entropy = { metaRate: 0, entropyRate: 0.2, targetEntropy: 0 };
    expect(await muAfter(3, entropy, odd())).toBeGreaterThan(0.9);
    expect(await muAfter(3, { ...entropy, entropySign: 'explore' }, odd())).toBeLessThan(0.1);
  });

  it('goes on where it was stopped, bit for bit', async () => {
    const stage = {
      method: 'amft',
      steps: 7,
      learningRate: 0.05,
      promptsPerStep: 4,
      groupSize: 4,
      imitationSteps: 2,
      metaEvery: 2,
      validationTasks: 4,
    };
    const recipe = toyRecipe([stage], { snapshots: { every: 1, keep: 1 } });
    const whole = await ToyRun.open({ methods });
    await whole.train(recipe);
    const broken = await ToyRun.open({ methods });
    const stop = new AbortController();
    const first = await broken.train(recipe, {
      signal: stop.signal,
      onEvent: ({ type, step }) => {
        if (type === 'step.finished' && step === 4) stop.abort();
      },
    });
    expect(first.status).toBe('interrupted');
    await broken.train(recipe, { resume: true });
    expect(broken.engine.table).toEqual(whole.engine.table);
    const metrics = await broken.metrics();
    expect(metrics).toEqual(await whole.metrics());
    expect(new Set(metrics['amft.mu'].values).size).toBeGreaterThan(3);
    await whole.close();
    await broken.close();
  });

  it('names the tasks without a worked completion', async () => {
    const bare: Environment = {
      ...odd(),
      task: (split, index) => ({ ...odd().task(split, index), completion: undefined }),
    };
    await expect(setUp({}, bare).instance.step(contextOf(1))).rejects.toThrow(/it has no completion/);
  });
});
