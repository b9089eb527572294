/** The inequalities that a claim is made of. */
import type { ArmResult } from './declaration.ts';

interface CriterionBase {
  /** The inequality in words. */
  says: string;
  direction: 'higher' | 'lower';
}

/** Compares a metric of one arm with that of another arm, or with a constant. */
export interface ComparisonCriterion extends CriterionBase {
  metric: string;
  arm: string;
  than: string | number;
  /** By more than this in the metric's unit, in the given direction; below 0 it is what may be lost. 0 unless given. */
  by?: number;
  /** Instead of `by`: arm / than must lie beyond this factor, in the given direction. */
  factor?: number;
  /**
   * What belongs together and is resampled: seeds (one figure a seed), tasks (each task's mean over the seeds), or both
   * (seeds and tasks are resampled at once). 'seeds' unless given.
   */
  pairing?: 'seeds' | 'tasks' | 'seeds-and-tasks';
}

/** Compares one figure a seed, made of the results of several arms, with a constant. */
export interface ValueCriterion extends CriterionBase {
  /** What the figure is called. */
  name: string;
  /** Arms that the figure needs. */
  arms: readonly string[];
  value(results: Readonly<Record<string, ArmResult>>, seed: number): number;
  than: number;
}

export type Criterion = ComparisonCriterion | ValueCriterion;

export const isComparison = (criterion: Criterion): criterion is ComparisonCriterion => 'metric' in criterion;

/** Arms that a criterion reads. */
export function armsOf(criterion: Criterion): readonly string[] {
  if (!isComparison(criterion)) return criterion.arms;
  return typeof criterion.than === 'string' ? [criterion.arm, criterion.than] : [criterion.arm];
}

/** What a criterion is about, for tables. */
export const nameOf = (criterion: Criterion) => (isComparison(criterion) ? criterion.metric : criterion.name);
