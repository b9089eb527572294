/** Measures how a model answers chains: how often right, in one, in some or by vote, and in which formats. */
import type { FrozenEngine } from '../../engine/index.ts';
import { majorityVote, mean, passAtK, shannonEntropy } from '../../evaluation/index.ts';
import { NO_FORMAT, readByFormat } from '../../graders/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import { evaluate } from '../../training/index.ts';
import type { Environment, Trajectory } from '../../types/index.ts';
import { type ChainData, FORMAT_NAMES, READING } from './formats.ts';

export interface MeasureOptions {
  engine: FrozenEngine;
  tokenizer: Tokenizer;
  environment: Environment<ChainData>;
  tasks: number;
  samples: number;
  maxTokens: number;
  seed: number;
  signal: AbortSignal;
}

const KINDS = [...FORMAT_NAMES, NO_FORMAT];

const isRight = ({ grade }: Trajectory) => grade.status === 'graded' && grade.score === 1;

/** Figures by name; pass@k and the vote with k the number of samples, all at temperature 1. */
export async function measureChains(options: MeasureOptions): Promise<Record<string, number>> {
  const { environment, samples, maxTokens, ...rest } = options;
  const { groups } = await evaluate({
    ...rest,
    environment: environment as Environment,
    split: 'test',
    samples,
    sampling: { maxTokens, temperature: 1 },
  });
  const rights = groups.map(({ trajectories }) => trajectories.filter(isRight).length);
  const votes = groups.map(({ task, trajectories }) => {
    const answers = trajectories.map(({ completion }) => readByFormat(completion, READING).answer);
    return majorityVote(answers, (answer) => answer === (task.data as ChainData).answer);
  });
  const all = groups.flatMap(({ trajectories }) => trajectories);
  const byKind = KINDS.map((kind) =>
    all.filter(({ completion }) => readByFormat(completion, READING).format === kind),
  );
  const counts = byKind.map(({ length }) => length);
  const figures: Record<string, number> = {
    passAt1: mean(rights) / samples,
    passAtMany: mean(rights.map((right) => passAtK(samples, right, samples))),
    vote: mean(votes),
    largestShare: Math.max(...counts) / all.length,
    formatEntropy: shannonEntropy(counts),
  };
  KINDS.forEach((kind, i) => {
    figures[`share.${kind}`] = counts[i] / all.length;
    if (counts[i] > 0) figures[`accuracy.${kind}`] = byKind[i].filter(isRight).length / counts[i];
  });
  return figures;
}
