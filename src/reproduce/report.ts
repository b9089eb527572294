/** The report of a reproduction as data: what `<name>.json` holds, and everything else is made of. */
import { bootstrapInterval, type ConfidenceInterval } from '../evaluation/index.ts';
import {
  type CriterionResult,
  judgeCriterion,
  LEAST_SEEDS,
  overall,
  type ResultsBySeed,
  type Verdict,
} from './criteria.ts';
import type { ArmResult, MetricInfo, Reproduction } from './declaration.ts';
import { headlineOf } from './figures.ts';
import { criteriaFingerprint } from './fingerprint.ts';
import type { Failure } from './harness.ts';
import type { StoredResult } from './results.ts';

/** Mean over seeds, with its 95 % interval where there are enough of them. */
export interface MeanOverSeeds {
  mean: number;
  low: number | null;
  high: number | null;
  bySeed: number[];
}

export interface ArmReport {
  title: string;
  settings: Record<string, unknown>;
  seeds: number[];
  /** By metric, in the table's order; metrics that the arm lacks are left out. */
  metrics: Record<string, MeanOverSeeds>;
  /** Mean of what was used of the budget; null where the arm did not say. */
  spent: number | null;
  /** Wall time by seed. */
  seconds: number[];
}

export const REPORT_FORMAT = 1;

/** The content of `<name>.json`. */
export interface ReproductionReport {
  format: typeof REPORT_FORMAT;
  /** Number of the paper in the list; 0 for none. */
  paper: number;
  name: string;
  title: string;
  claim: string;
  /** 'finished': every declared arm with every declared seed. */
  status: 'finished' | 'partial';
  verdict: Verdict;
  /** The inequality that settles the verdict, in one line. */
  figure: string;
  criteria: CriterionResult[];
  alsoMeasured: CriterionResult[];
  budget: {
    unit: string;
    equality: string;
    tolerance: number;
    /** Largest difference between arms as a share of the greatest; null where fewer than two said what they used. */
    spread: number | null;
  };
  seeds: number[];
  metrics: Record<string, MetricInfo>;
  arms: Record<string, ArmReport>;
  /** Every figure of every seed. */
  results: Pick<StoredResult, 'arm' | 'seed' | 'metrics' | 'spent' | 'seconds' | 'commit' | 'machine'>[];
  failures: Failure[];
  /** What a reader must know: the inequality was changed after runs, arms are stale, budgets differ, … */
  warnings: string[];
  command: string;
  commits: string[];
  machines: string[];
  /** Wall time of all arms and seeds together, in minutes of one process. */
  minutes: number;
  plots: { file: string; title: string }[];
}

export interface ReportParts {
  reproduction: Reproduction;
  results: readonly StoredResult[];
  failures: readonly Failure[];
  /** Ids of results that other code made. */
  stale: readonly string[];
  command: string;
}

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

function overSeeds(bySeed: number[]): MeanOverSeeds {
  const interval: Pick<ConfidenceInterval, 'low' | 'high'> | undefined =
    bySeed.length < LEAST_SEEDS ? undefined : bootstrapInterval(bySeed, { seed: 0 });
  return { mean: average(bySeed), low: interval?.low ?? null, high: interval?.high ?? null, bySeed };
}

function armReport(reproduction: Reproduction, arm: string, results: readonly StoredResult[]): ArmReport {
  const { title, settings = {} } = reproduction.arms[arm];
  const metrics: Record<string, MeanOverSeeds> = {};
  for (const metric of Object.keys(reproduction.metrics)) {
    const values = results.flatMap((result) => result.metrics[metric] ?? []);
    if (values.length > 0) metrics[metric] = overSeeds(values);
  }
  const spent = results.flatMap((result) => result.spent ?? []);
  return {
    title,
    settings: { ...settings },
    seeds: results.map(({ seed }) => seed),
    metrics,
    spent: spent.length === 0 ? null : average(spent),
    seconds: results.map(({ seconds }) => seconds),
  };
}

function budgetSpread({ arms }: Reproduction, reports: Record<string, ArmReport>): number | null {
  const spent = Object.entries(reports).flatMap(([arm, report]) =>
    arms[arm].budgeted === false || report.spent === null ? [] : [report.spent],
  );
  const most = Math.max(...spent);
  if (spent.length < 2) return null;
  return most === 0 ? 0 : (most - Math.min(...spent)) / most;
}

function byOrder(reproduction: Reproduction, results: readonly StoredResult[]): StoredResult[] {
  const names = Object.keys(reproduction.arms);
  return results
    .filter(({ arm }) => names.includes(arm))
    .sort((a, b) => names.indexOf(a.arm) - names.indexOf(b.arm) || a.seed - b.seed);
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** Judges the results and gathers what the report tells. Plots are added by whoever draws them. */
export function buildReport(parts: ReportParts): ReproductionReport {
  const { reproduction, failures, stale, command } = parts;
  const { budget, calibrationSeeds = [] } = reproduction;
  const results = byOrder(reproduction, parts.results);
  const bySeed = new Map<number, Record<string, ArmResult>>();
  for (const result of results) bySeed.set(result.seed, { ...bySeed.get(result.seed), [result.arm]: result });
  const criteria = reproduction.criteria.map((one) => judgeCriterion(one, bySeed as ResultsBySeed));
  const alsoMeasured = (reproduction.alsoMeasured ?? []).map((one) => judgeCriterion(one, bySeed));
  const arms = Object.fromEntries(
    Object.keys(reproduction.arms)
      .map((arm) => [arm, results.filter((result) => result.arm === arm)] as const)
      .filter(([, own]) => own.length > 0)
      .map(([arm, own]) => [arm, armReport(reproduction, arm, own)]),
  );
  const isWhole = Object.keys(reproduction.arms).every((arm) =>
    reproduction.seeds.every((seed) => bySeed.get(seed)?.[arm] !== undefined),
  );
  const tolerance = budget.tolerance ?? 0.05;
  const spread = budgetSpread(reproduction, arms);
  const warnings: string[] = [];
  const declared = criteriaFingerprint(reproduction.criteria);
  const changed = results.filter((result) => result.criteria !== declared);
  if (changed.length > 0)
    warnings.push(
      `The inequality was changed after these were run: ${changed.map(({ arm, seed }) => `${arm}/${seed}`).join(', ')}.`,
    );
  if (stale.length > 0)
    warnings.push(`Run by other code or with other settings than the present ones: ${stale.join(', ')}.`);
  if (spread !== null && spread > tolerance)
    warnings.push(
      `The arms' budgets differ by ${percent(spread)}, more than the ${percent(tolerance)} that was declared.`,
    );
  const borrowed = [...bySeed.keys()].filter((seed) => calibrationSeeds.includes(seed));
  if (borrowed.length > 0)
    warnings.push(`Settings were chosen on these seeds, which the figures include: ${borrowed.join(', ')}.`);
  const { paper, name, title, claim, metrics } = reproduction;
  const verdict = overall(criteria);
  return {
    format: REPORT_FORMAT,
    paper,
    name,
    title,
    claim,
    status: isWhole ? 'finished' : 'partial',
    verdict,
    figure: headlineOf(verdict, criteria, metrics),
    criteria,
    alsoMeasured,
    budget: { unit: budget.unit, equality: budget.equality, tolerance, spread },
    seeds: [...bySeed.keys()].sort((a, b) => a - b),
    metrics: { ...metrics },
    arms,
    results: results.map(({ arm, seed, metrics: own, spent, seconds, commit, machine }) => ({
      ...{ arm, seed, metrics: own, spent, seconds, commit, machine },
    })),
    failures: [...failures],
    warnings,
    command,
    commits: [...new Set(results.map(({ commit }) => commit))],
    machines: [...new Set(results.map(({ machine }) => machine))],
    minutes: results.reduce((sum, { seconds }) => sum + seconds, 0) / 60,
    plots: [],
  };
}
