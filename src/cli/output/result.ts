/** Held-out figures before and after, as people and programs read them. */
import type { EvaluationSummary } from '../../training/index.ts';
import { figure, percent, range } from './format.ts';
import type { Style } from './style.ts';

/** Held-out pass@1 as programs read it, in 0..1 with the ends of its 95 % interval. */
export interface Score {
  passAt1: number;
  low: number;
  high: number;
}

export function scoreOf({ passAt1 }: EvaluationSummary): Score {
  return { passAt1: passAt1.estimate, low: passAt1.low, high: passAt1.high };
}

/** `test split, 500 tasks × 4 samples`. */
export function measuredOn({ split, tasks, samples }: EvaluationSummary): string {
  return `${split} split, ${tasks} task${tasks === 1 ? '' : 's'}${samples > 1 ? ` × ${samples} samples` : ''}`;
}

/** A difference of shares in points: `+42.8 points`. */
export function gain(before: Score, after: Score): string {
  const points = 100 * (after.passAt1 - before.passAt1);
  return `${points < 0 ? '−' : '+'}${Math.abs(points).toFixed(1)} points`;
}

/** Whether the two intervals have nothing in common. */
export function apart(a: Score, b: Score): boolean {
  return a.low > b.high || b.low > a.high;
}

/** One score in a line. */
export function scoreLine(label: string, score: Score, style: Style): string {
  const shown = style.bold(percent(score.passAt1).padStart(6));
  return `  ${label.padEnd(7)} ${shown}  95% interval ${range(score.low, score.high)}`;
}

/** The table of before and after. */
export function beforeAfterLines(
  before: EvaluationSummary,
  after: EvaluationSummary,
  style: Style,
): string[] {
  const [a, b] = [scoreOf(before), scoreOf(after)];
  const separate = apart(a, b) ? 'the intervals are apart' : 'the intervals overlap';
  const colour = b.passAt1 > a.passAt1 ? style.green : b.passAt1 < a.passAt1 ? style.red : style.dim;
  return [
    `Held-out pass@1 (${measuredOn(after)})`,
    scoreLine('before', a, style),
    scoreLine('after', b, style),
    `  ${colour(gain(a, b))}; ${separate}`,
  ];
}

/** The other figures of a measurement, one a line. */
export function detailLines(summary: EvaluationSummary): string[] {
  const rows: [string, string][] = [
    ...Object.entries(summary.passAt).map(([k, { estimate, low, high }]): [string, string] => [
      `pass@${k}`,
      `${percent(estimate)} ${range(low, high)}`,
    ]),
    ['mean score', `${figure(summary.meanScore.estimate)}`],
    ...Object.entries(summary.parts).map(([name, value]): [string, string] => [
      `${name} (mean)`,
      figure(value),
    ]),
    ['length (mean tokens)', figure(summary.lengthMean)],
    ['cut at the token limit', percent(summary.cutShare)],
    ...(summary.failed > 0 ? [['not graded', String(summary.failed)] as [string, string]] : []),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`);
}
