/** Rules that notice when training goes wrong, and say why and what to do in plain words. */
import type { Json } from '../curricula/index.ts';

export interface Finding {
  rule: string;
  /** What was seen, with its figure. */
  message: string;
  /** Why this happens. */
  cause: string;
  /** What to try. */
  advice: string;
}

interface Rule {
  name: string;
  /** Steps in a row for which it must hold before it is reported. */
  patience: number;
  /** What is wrong with these metrics; undefined when nothing is, null when they do not say. */
  check(metrics: Readonly<Record<string, number>>): string | undefined | null;
  cause: string;
  advice: string;
}

const percent = (share: number) => `${Math.round(share * 100)} %`;

/** A rule on one metric; steps without it do not count. */
function on(metric: string, check: (value: number) => string | undefined): Rule['check'] {
  return (metrics) => (metric in metrics ? check(metrics[metric]) : null);
}

const logprobGap = on('logprobGap.max', (gap) =>
  !(gap <= 1e-3)
    ? `sampler and trainer disagree on a token's log-probability by ${gap.toPrecision(2)} nats`
    : undefined,
);

export const healthRules: readonly Rule[] = [
  {
    name: 'no-learning-signal',
    patience: 5,
    check: on('groups.zeroVariance', (share) =>
      share >= 1 ? 'in every group all attempts scored the same, for 5 steps in a row' : undefined,
    ),
    cause:
      'With equal scores inside every group there is nothing to prefer, so the weights do not move. The tasks are far too hard (all 0) or too easy (all 1), or the grader cannot tell attempts apart.',
    advice:
      'Look at reward.mean: near 0, start from a better base model, make tasks easier or give partial credit; near 1, make tasks harder. Larger groups or dynamicSampling also help.',
  },
  {
    name: 'logprob-gap',
    patience: 1,
    // Sampling in int8 has a gap by design, with a bound of its own.
    check: (metrics) => (metrics['sampling.int8'] === 1 ? null : logprobGap(metrics)),
    cause:
      'The engine that samples and the one that trains compute different probabilities for the same tokens, so the gradient belongs to a policy that was not the one sampled.',
    advice:
      'Check that both use the same weights and precision. Until the cause is found, truncatedImportance bounds the damage.',
  },
  {
    name: 'int8-fallback',
    patience: 1,
    check: (metrics) => {
      if (!('sampling.int8' in metrics)) return null;
      return metrics['sampling.int8'] === 0
        ? `int8 sampling would be off by ${metrics['sampling.int8Gap'].toPrecision(2)} nats a token, so these weights are sampled in float32`
        : undefined;
    },
    cause:
      'Rounding weights and activations to 8 bits changes the probabilities of this model by more than the bound that was set (decoding.largestGap).',
    advice:
      'Where this keeps coming, set decoding.precision to float32: each check costs time. A larger bound makes the sampler a worse copy of the model that learns; truncatedImportance bounds the damage.',
  },
  {
    name: 'entropy-collapse',
    patience: 5,
    check: (metrics) => {
      if (!('entropy' in metrics) || !('reward.passAt1' in metrics)) return null;
      const { entropy } = metrics;
      return entropy < 0.01 && metrics['reward.passAt1'] < 0.9
        ? `entropy fell to ${entropy.toPrecision(2)} nats a token although only ${percent(metrics['reward.passAt1'])} of attempts pass`
        : undefined;
    },
    cause:
      'The model gives nearly the same answer every time, so it no longer explores and cannot find better ones.',
    advice:
      'Go back to an earlier snapshot with a lower learning rate, an entropy bonus, a larger clipHigh or a KL term to the reference.',
  },
  {
    name: 'failing-grader',
    patience: 1,
    check: on('grades.failed', (share) =>
      share > 0.05 ? `${percent(share)} of attempts could not be graded` : undefined,
    ),
    cause: 'The grader throws, times out or returns scores outside 0 to 1. Such attempts are left out.',
    advice:
      'Read the reasons in the failed trajectories of this step; give the grader more time or fix the cases it cannot handle.',
  },
  {
    name: 'cut-by-length',
    patience: 1,
    check: on('length.cutShare', (share) =>
      share > 0.5 ? `${percent(share)} of completions were cut at the token limit` : undefined,
    ),
    cause: 'Most attempts never reach their end, so they are graded on half an answer.',
    advice:
      'Raise sampling.maxTokens, check that examples end with the end-of-sequence token, or set overlong to penalty.',
  },
  {
    name: 'non-finite-gradient',
    patience: 1,
    check: on('updates.skipped', (skipped) =>
      skipped > 0 ? `${skipped} update(s) had a gradient that was not finite and were skipped` : undefined,
    ),
    cause: 'A loss or an activation overflowed, usually after too large a step.',
    advice: 'Lower the learning rate, add warm-up, or lower maxGradNorm.',
  },
];

/** Steps in a row without complaint after which a finding counts as cleared. */
const CALM = 5;

/** Applies the rules step by step; a finding is told once, until it clears. */
export class HealthMonitor {
  /** Steps in a row with (positive) or without (negative) complaint, by rule. */
  private streaks: Record<string, number> = {};
  private active: string[] = [];

  /** New findings and those that cleared, given the metrics of a training step. */
  observe(metrics: Readonly<Record<string, number>>): { findings: Finding[]; cleared: string[] } {
    const findings: Finding[] = [];
    const cleared: string[] = [];
    for (const { name, patience, check, cause, advice } of healthRules) {
      const message = check(metrics);
      if (message === null) continue;
      const streak = this.streaks[name] ?? 0;
      this.streaks[name] = message === undefined ? Math.min(0, streak) - 1 : Math.max(0, streak) + 1;
      const wasActive = this.active.includes(name);
      if (wasActive && this.streaks[name] <= -CALM) {
        this.active = this.active.filter((rule) => rule !== name);
        cleared.push(name);
      } else if (message !== undefined && !wasActive && this.streaks[name] >= patience) {
        this.active = [...this.active, name];
        findings.push({ rule: name, message, cause, advice });
      }
    }
    return { findings, cleared };
  }

  state(): Json {
    return { streaks: { ...this.streaks }, active: [...this.active] };
  }

  restore(state: Json): void {
    const { streaks, active } = state as { streaks: Record<string, number>; active: string[] };
    this.streaks = { ...streaks };
    this.active = [...active];
  }
}
