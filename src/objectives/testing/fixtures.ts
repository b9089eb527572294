/** For tests: the fixtures that python/fixtures/objectives.py writes, in our words. */
import { readFileSync } from 'node:fs';
import type { Aggregation, ObjectiveConfig } from '../index.ts';

export interface FixtureArray {
  shape: number[];
  data: number[];
}

export interface LossCase {
  name: string;
  objective: 'supervised' | 'reinforce' | 'clippedPolicy' | 'cispo' | 'kl' | 'ppo';
  settings: Record<string, number | string | boolean | null>;
  mask: string;
  onPolicy: boolean;
  advantages: FixtureArray | null;
  returns?: FixtureArray;
  loss: number;
  gradients: { logprobs: FixtureArray; values?: FixtureArray; entropies?: FixtureArray };
  metrics: { clipFraction?: number };
}

export interface AdvantageCase {
  name: string;
  estimator: 'batchMeanBaseline' | 'leaveOneOut' | 'groupRelative' | 'gae';
  settings: {
    normalisation?: 'none' | 'population' | 'sample' | 'batchSample';
    epsilon?: number;
    klInReward?: { estimator: 'k1'; beta: number };
    gamma?: number;
    lambda?: number;
    whiten?: 'none' | 'population' | 'sample';
  };
  rewards: FixtureArray;
  mask?: string;
  advantages: FixtureArray;
  returns?: FixtureArray;
}

export interface FixtureFile {
  batch: {
    rows: number;
    length: number;
    groupSize: number;
    maxLength: number;
    arrays: Record<string, FixtureArray>;
    masks: Record<string, FixtureArray>;
    rewards: FixtureArray;
  };
  advantages: AdvantageCase[];
  tokenRewards: {
    name: string;
    settings: { estimator: 'k1' | 'k2' | 'k3'; beta: number };
    mask: string;
    rewards: FixtureArray;
  }[];
  losses: LossCase[];
}

export function readFixtures(name: 'direct' | 'trl'): FixtureFile {
  return JSON.parse(
    readFileSync(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8'),
  ) as FixtureFile;
}

/** A [B,T] array as rows; a [B] array as rows of one value repeated T times. */
export function rowsOf({ shape, data }: FixtureArray, length: number): number[][] {
  if (shape.length === 1) return data.map((x) => new Array<number>(length).fill(x));
  return Array.from({ length: shape[0] }, (_, i) => data.slice(i * shape[1], (i + 1) * shape[1]));
}

const AGGREGATIONS: Record<string, Aggregation> = {
  tokenMean: 'token-mean',
  sequenceMean: 'sequence-mean',
  sequenceSum: 'sequence-sum',
  constantLength: 'constant-length',
};

/** The aggregation of a case; the supervised cases are token means. */
export function aggregationOf({ settings }: LossCase): Aggregation {
  return AGGREGATIONS[String(settings.aggregation ?? 'tokenMean')];
}

const RATIOS: Record<string, 'token' | 'sequence' | 'sequence-token' | 'sequence-product'> = {
  token: 'token',
  sequence: 'sequence',
  sequenceToken: 'sequence-token',
  sequenceProduct: 'sequence-product',
};

/** The objective of a case as a recipe would name it. `kl` alone is REINFORCE with zero advantages. */
export function configOf({ objective, settings: s }: LossCase): ObjectiveConfig {
  const number = (key: string) => (typeof s[key] === 'number' ? s[key] : undefined);
  const clip = { clipLow: number('clipLow'), clipHigh: number('clipHigh') };
  const kl = (coefficient: number, estimator: string, importanceWeighted = false) => ({
    coefficient,
    estimator: estimator as 'k1' | 'k2' | 'k3',
    importanceWeighted,
  });
  switch (objective) {
    case 'supervised':
      return { name: 'cross-entropy' };
    case 'reinforce':
      return { name: 'reinforce' };
    case 'kl':
      return { name: 'reinforce', kl: kl(Number(s.beta), String(s.estimator)) };
    case 'cispo':
      return { name: 'cispo', ...clip };
    case 'ppo':
      return {
        name: 'ppo-clip',
        ...clip,
        valueClip: number('valueClip'),
        valueCoefficient: number('valueCoefficient'),
        entropyCoefficient: number('entropyCoefficient'),
      };
    case 'clippedPolicy':
      return {
        name: 'grpo',
        ...clip,
        ratio: RATIOS[String(s.ratio)],
        kl: s.klBeta
          ? kl(Number(s.klBeta), String(s.klEstimator), s.klImportanceWeighted === true)
          : undefined,
        entropyCoefficient: number('entropyCoefficient'),
      };
  }
}
