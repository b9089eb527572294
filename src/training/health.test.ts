/** Health rules: each fires on its figure, once until it clears, and survives a snapshot. */
import { describe, expect, it } from 'vitest';
import { HealthMonitor, healthRules } from './index.ts';

const healthy = {
  'groups.zeroVariance': 0.2,
  'logprobGap.max': 1e-5,
  entropy: 1,
  'reward.passAt1': 0.5,
  'grades.failed': 0,
  'length.cutShare': 0.1,
  'updates.skipped': 0,
};
const sick: Record<string, Record<string, number>> = {
  'no-learning-signal': { 'groups.zeroVariance': 1 },
  'logprob-gap': { 'logprobGap.max': 2e-3 },
  'int8-fallback': { 'sampling.int8': 0, 'sampling.int8Gap': 0.2 },
  'entropy-collapse': { entropy: 0.001 },
  'failing-grader': { 'grades.failed': 0.06 },
  'cut-by-length': { 'length.cutShare': 0.51 },
  'non-finite-gradient': { 'updates.skipped': 1 },
};

/** Steps at which rules fired and cleared. */
function watch(monitor: HealthMonitor, steps: Record<string, number>[]): string[] {
  return steps.flatMap((metrics, i) => {
    const { findings, cleared } = monitor.observe(metrics);
    return [...findings.map(({ rule }) => `${i}+${rule}`), ...cleared.map((rule) => `${i}-${rule}`)];
  });
}

describe('HealthMonitor', () => {
  it('has an example for every rule', () => {
    expect(Object.keys(sick).sort()).toEqual(healthRules.map((rule) => rule.name).sort());
  });

  it.each(healthRules.map(({ name, patience }) => [name, patience] as const))(
    '%s fires alone after %i steps, once, and clears after calm',
    (name, patience) => {
      const bad = { ...healthy, ...sick[name] };
      const well = name === 'int8-fallback' ? { ...bad, 'sampling.int8': 1 } : healthy;
      const steps = [...Array(8).fill(bad), ...Array(6).fill(well), ...Array(patience).fill(bad)];
      expect(watch(new HealthMonitor(), steps)).toEqual([
        `${patience - 1}+${name}`,
        `12-${name}`,
        `${13 + patience}+${name}`,
      ]);
    },
  );

  it('says what, why and what to do', () => {
    const [finding] = new HealthMonitor().observe({ ...healthy, 'grades.failed': 0.25 }).findings;
    expect(finding.message).toBe('25 % of attempts could not be graded');
    expect(finding.cause.length).toBeGreaterThan(20);
    expect(finding.advice.length).toBeGreaterThan(20);
  });

  it('sees a gap that is not a number, and low entropy of a model that passes as fine', () => {
    expect(watch(new HealthMonitor(), [{ ...healthy, 'logprobGap.max': Number.NaN }])).toEqual([
      '0+logprob-gap',
    ]);
    expect(
      watch(new HealthMonitor(), Array(9).fill({ ...healthy, entropy: 0, 'reward.passAt1': 0.95 })),
    ).toEqual([]);
  });

  it('lets int8 sampling have the gap that its bound allows', () => {
    const int8 = { ...healthy, 'sampling.int8': 1, 'sampling.int8Gap': 0.01, 'logprobGap.max': 0.1 };
    expect(watch(new HealthMonitor(), [int8])).toEqual([]);
    expect(watch(new HealthMonitor(), [{ ...int8, 'sampling.int8': 0 }])).toEqual([
      '0+logprob-gap',
      '0+int8-fallback',
    ]);
  });

  it('ignores metrics that a method does not have', () => {
    expect(watch(new HealthMonitor(), Array(9).fill({ loss: 1 }))).toEqual([]);
  });

  it('goes on from its state', () => {
    const bad = { ...healthy, ...sick['no-learning-signal'] };
    const first = new HealthMonitor();
    watch(first, Array(3).fill(bad));
    const second = new HealthMonitor();
    second.restore(JSON.parse(JSON.stringify(first.state())));
    expect(watch(second, Array(3).fill(bad))).toEqual(['1+no-learning-signal']);
  });
});
