/** Bayesian task selection: the update rule, the sampler, resuming, and a simulated learner whose success rates are known. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { type BayesianOptions, bayesian, interpolation } from '../index.ts';
import { simulate } from '../testing/simulated-learner.ts';
import { priorBeliefs, updateBeliefs } from './beliefs.ts';
import { selectTasks } from './select.ts';

const OPTIONS: BayesianOptions = {
  forgetting: 0.1,
  prior: 1,
  implicitWeight: 0.1,
  target: 0.5,
  choose: 'thompson',
  temperature: 0,
};

describe('the update rule', () => {
  const rule = { forgetting: 0, prior: 1, implicitWeight: 0.5, attempts: 16 };
  it('gives an attempted task its whole counts, and others pseudo-counts at the predicted rate', () => {
    const beliefs = priorBeliefs(3, rule);
    updateBeliefs(beliefs, [{ index: 1, attempts: 16, successes: 8 }], [0.9, 0, 0.25], rule);
    expect([...beliefs.a]).toEqual([1 + 7.2, 9, 3].map((x) => expect.closeTo(x, 12)));
    expect([...beliefs.b]).toEqual([1 + 0.8, 9, 7].map((x) => expect.closeTo(x, 12)));
  });
  it('never falls below the prior, for any forgetting', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.array(fc.tuple(fc.nat({ max: 8 }), fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 30 }),
        (forgetting, steps) => {
          const options = { ...rule, forgetting, attempts: 8 };
          const beliefs = priorBeliefs(2, options);
          for (const [successes, rate] of steps)
            updateBeliefs(beliefs, [{ index: 0, attempts: 8, successes }], [rate, rate], options);
          for (const x of [...beliefs.a, ...beliefs.b]) expect(x).toBeGreaterThanOrEqual(1 - 1e-9);
        },
      ),
    );
  });
  it('settles between ρ n / λ and n / λ pseudo-attempts', () => {
    const options = { forgetting: 0.1, prior: 1, implicitWeight: 0.2, attempts: 10 };
    const beliefs = priorBeliefs(2, options);
    for (let step = 0; step < 300; step++)
      updateBeliefs(beliefs, [{ index: 0, attempts: 10, successes: 4 }], [0.5, 0.5], options);
    const size = (k: number) => beliefs.a[k] + beliefs.b[k] - 2;
    expect(size(0)).toBeCloseTo(10 / 0.1, 6);
    expect(size(1)).toBeCloseTo((0.2 * 10) / 0.1, 6);
  });
});

describe('interpolation', () => {
  const rates = { weak: [0, 0.2, 0.4], strong: [0.5, 1, 0.4] };
  it('is a ratio of means, smoothed, and clips rates but not the position', () => {
    const evidence = interpolation(rates, { momentum: 0.9, minGap: 0.02 });
    const first = evidence.observe([
      { index: 0, attempts: 4, successes: 1 },
      { index: 1, attempts: 4, successes: 4 },
    ]);
    const mu = (0.625 - 0.1) / (0.65 + 1e-6);
    expect(evidence.metrics().position).toBeCloseTo(mu, 12);
    expect(first?.[2]).toBe(0.4);
    expect(first?.[0]).toBeCloseTo(0.5 * mu, 12);
    const second = evidence.observe([{ index: 0, attempts: 1, successes: 1 }]);
    const next = 0.9 * mu + 0.1 * (1 / (0.5 + 1e-6));
    expect(evidence.metrics().position).toBeCloseTo(next, 12);
    expect(second?.[1]).toBeCloseTo(0.2 + 0.8 * next, 12);
    for (let i = 0; i < 40; i++) evidence.observe([{ index: 0, attempts: 1, successes: 1 }]);
    expect(evidence.metrics().position).toBeGreaterThan(1.5);
    expect(evidence.observe([])?.[1]).toBe(1);
  });
  it('says nothing before it knows, and does not move where the references are alike', () => {
    const evidence = interpolation(rates, { momentum: 0.9, minGap: 0.02 });
    expect(evidence.observe([{ index: 2, attempts: 8, successes: 8 }])).toBeUndefined();
    expect(evidence.state()).toBeNull();
  });
  it('refuses lists that do not fit', () => {
    const options = { momentum: 0.9, minGap: 0 };
    expect(() => interpolation({ weak: [0], strong: [] }, options)).toThrow(/1 weak and 0 strong/);
    expect(() => interpolation({ weak: [0], strong: [2] }, options)).toThrow(/strong rate of task 0 is 2/);
  });
});

describe('selection', () => {
  it('is greedy towards the target, with ties broken at random', () => {
    const a = Float64Array.from({ length: 20 }, (_, k) => (k < 4 ? 5 : 1));
    const b = Float64Array.from({ length: 20 }, (_, k) => (k < 4 ? 5 : 9));
    const options = { target: 0.5, choose: 'greedy' as const, temperature: 0 };
    const four = selectTasks({ a, b }, 4, rng(1), options);
    expect([...four].sort((x, y) => x - y)).toEqual([0, 1, 2, 3]);
    const flat = { a: new Float64Array(50).fill(1), b: new Float64Array(50).fill(1) };
    expect(selectTasks(flat, 5, rng(1), options)).not.toEqual(selectTasks(flat, 5, rng(2), options));
  });
  it('draws by softmax of utilities where there is a temperature', () => {
    const a = Float64Array.from([50, 90]);
    const b = Float64Array.from([50, 10]);
    const options = { target: 0.5, choose: 'greedy' as const, temperature: 0.2 };
    const n = 4000;
    let first = 0;
    for (let i = 0; i < n; i++) if (selectTasks({ a, b }, 1, rng(5, i), options)[0] === 0) first++;
    const wanted = 1 / (1 + Math.exp(-0.4 / 0.2));
    expect(Math.abs(first / n - wanted)).toBeLessThan(0.03);
  });
});

describe('the curriculum', () => {
  const make = (adaptAbove?: number) =>
    bayesian(
      6,
      { ...OPTIONS, adaptAbove },
      interpolation(
        { weak: [0, 0.1, 0.2, 0.3, 0.4, 0.5], strong: [0.5, 0.6, 0.7, 0.8, 0.9, 1] },
        { momentum: 0.9, minGap: 0.02 },
      ),
      7,
      'test',
    );
  const results = (indices: number[], step: number) =>
    indices.map((index) => ({ index, scores: [1, 0, step % 2, index % 2], failed: 0 }));

  it('goes on from its state as if never stopped', () => {
    const whole = make();
    let stopped = make();
    for (let step = 0; step < 12; step++) {
      if (step === 5) {
        const state = JSON.parse(JSON.stringify(stopped.state()));
        stopped = make();
        stopped.restore(state);
      }
      const chosen = whole.next(3, step);
      expect(stopped.next(3, step)).toEqual(chosen);
      expect(new Set(chosen).size).toBe(3);
      whole.observe(results(chosen, step));
      stopped.observe(results(chosen, step));
    }
    expect(stopped.state()).toEqual(whole.state());
  });
  it('adds up a task that came twice, and ignores attempts without a grade', () => {
    const curriculum = make();
    curriculum.observe([
      { index: 0, scores: [1, 1], failed: 0 },
      { index: 0, scores: [0, 0], failed: 0 },
      { index: 1, scores: [], failed: 4 },
    ]);
    expect(curriculum.rates()[0]).toBeCloseTo(0.5, 12);
    expect(curriculum.metrics().effectiveTasks).toBe(1);
  });
  it('halves the weight of predictions that are far off', () => {
    const curriculum = make(0.25);
    curriculum.observe([
      { index: 0, scores: [1, 1], failed: 0 },
      { index: 5, scores: [0, 0], failed: 0 },
    ]);
    expect(curriculum.metrics().implicitWeight).toBe(0.05);
  });
  it('refuses more tasks than there are, and foreign states', () => {
    expect(() => make().next(7, 0)).toThrow(/count is 7, .* 6 tasks/);
    expect(() => make().restore({ kind: 'shuffled', cursor: 0 })).toThrow(/kind "shuffled"/);
  });
});

describe('a simulated learner with known success rates', () => {
  const average = (run: (seed: number) => { early: number; late: number; error: number }) => {
    const runs = [0, 1, 2].map(run);
    const of = (key: 'early' | 'late' | 'error') => runs.reduce((s, one) => s + one[key], 0) / runs.length;
    return { early: of('early'), late: of('late'), error: of('error') };
  };
  const arm = (own: Partial<BayesianOptions>) => average((seed) => simulate({ ...OPTIONS, ...own }, seed));
  const random = average((seed) => simulate('uniform', seed));
  const bots = arm({});
  const explicit = arm({ implicitWeight: 0 });
  const remembering = arm({ forgetting: 0 });
  const forgetful = arm({ forgetting: 1 });

  it('finds tasks worth learning from at once through implicit evidence, and not without', () => {
    expect(bots.early).toBeGreaterThan(explicit.early + 0.1);
    expect(Math.abs(explicit.early - random.early)).toBeLessThan(0.12);
  });
  it('still finds them late, which it would not without forgetting, nor with nothing remembered', () => {
    expect(bots.late).toBeGreaterThan(remembering.late + 0.05);
    expect(bots.late).toBeGreaterThan(forgetful.late + 0.1);
    expect(bots.late).toBeGreaterThan(random.late + 0.1);
  });
  it('tracks every task’s success rate as the learner improves, far better than from attempts alone or with nothing forgotten', () => {
    expect(bots.error).toBeLessThan(0.2);
    expect(bots.error).toBeLessThan(explicit.error - 0.1);
    expect(bots.error).toBeLessThan(remembering.error - 0.05);
  });
});
