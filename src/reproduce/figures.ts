/** Figures and inequalities in words, the same in reports, lists and terminals. */
import type { CriterionResult, Verdict } from './criteria.ts';
import type { MetricInfo } from './declaration.ts';

const minus = (text: string) => text.replace(/-/g, '−');

/** Three significant digits where that is short, as in 0.0123, 4.56, 1230. */
function plain(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return minus(Math.round(value).toString());
  return minus(size < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(3))));
}

/** A number as its metric is shown: percent without the sign, or plain. */
function shown(value: number, as: MetricInfo['as']): string {
  return as === 'percent' ? minus((100 * value).toFixed(1)) : plain(value);
}

const signed = (text: string, value: number) => (value > 0 ? `+${text}` : text);

/** A metric's value with its unit: `41.2 %`, `0.315`. */
export function metricValue(value: number, info: MetricInfo | undefined): string {
  return info?.as === 'percent' ? `${shown(value, 'percent')} %` : plain(value);
}

/** `[low, high]` in the metric's unit. */
export function metricRange(low: number, high: number, info: MetricInfo | undefined): string {
  const as = info?.as ?? 'number';
  return `[${shown(low, as)}, ${shown(high, as)}]`;
}

/** The effect of a criterion with its interval: `−0.11 [−0.15, −0.07]`, `+3.2 points [1.1, 5.0]`, `1.31 times [1.2, 1.4]`. */
export function effectOf(result: CriterionResult, info: MetricInfo | undefined): string {
  const { estimate, low, high, effect } = result;
  if (estimate === null) return '–';
  const as = effect === 'difference' ? (info?.as ?? 'number') : 'number';
  const range = low === null || high === null ? '' : ` [${shown(low, as)}, ${shown(high, as)}]`;
  if (effect === 'ratio') return `${plain(estimate)} times${range}`;
  if (effect === 'value') return `${plain(estimate)}${range}`;
  const unit = as === 'percent' ? ' points' : '';
  return `${signed(shown(estimate, as), estimate)}${unit}${range}`;
}

/** A criterion in one line: what of which arm against which, and the effect. */
export function figureOf(result: CriterionResult, metrics: Readonly<Record<string, MetricInfo>>): string {
  const info = metrics[result.of];
  const label = info?.label ?? result.of;
  const { left, right, effect } = result;
  if (effect === 'value' || left === null || right === null) return `${label} ${effectOf(result, info)}`;
  const sides = `${metricValue(left, info)} against ${metricValue(right, info)}`;
  return `${label} ${sides}: ${effectOf(result, info)}`;
}

/** The criterion that settles a verdict, in one line: the first of all where the claim holds, else the first that stands in its way. */
export function headlineOf(
  verdict: Verdict,
  criteria: readonly CriterionResult[],
  metrics: Readonly<Record<string, MetricInfo>>,
): string {
  if (verdict === 'holds') return figureOf(criteria[0], metrics);
  const decisive = criteria.find((one) => one.verdict === verdict) ?? criteria[0];
  return `not shown that ${decisive.says}: ${figureOf(decisive, metrics)}`;
}

/** What was declared of a criterion: `above 0`, `below −0.03`. */
export function declaredOf(result: CriterionResult, info: MetricInfo | undefined): string {
  const { effect, threshold, direction } = result;
  const what = { difference: 'difference', ratio: 'ratio', value: 'value' }[effect];
  const value =
    effect === 'difference' && info?.as === 'percent'
      ? `${shown(threshold, 'percent')} points`
      : plain(threshold);
  return `${what} ${direction === 'higher' ? 'above' : 'below'} ${value}`;
}

/** The verdict as the end of a sentence about the claim. */
export function verdictWords(verdict: Verdict): string {
  return {
    holds: 'the claim holds',
    'does not hold': 'the claim does not hold',
    inconclusive: 'inconclusive',
  }[verdict];
}
