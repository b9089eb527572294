/** What the reproduction of RISE measures of a model: attempts in turns against as many side by side. */
import { type AttemptedAnswer, majorityAccuracy, turnFigures } from '../../evaluation/index.ts';
import { type Conversation, isRight, rolloutTurns, type TurnsOptions } from '../../rollout/index.ts';

const answersOf = ({ turns }: Conversation): AttemptedAnswer[] =>
  turns.map((turn) => ({ answer: turn.completion, right: isRight(turn) }));

/** Figures of `turns` attempts in turns (sequential) and of as many first attempts (parallel); shares in [0, 1]. */
export interface TurnMeasure {
  /** m1@t1 */
  first: number;
  /** p1@tT and pT@t1: a right one among them. */
  anySequential: number;
  anyParallel: number;
  /** m1@tT and mT@t1: the majority of them is right. */
  majoritySequential: number;
  majorityParallel: number;
  /** Accuracy of the last turn, over the tasks that reached it. */
  last: number;
  corrected?: number;
  lost?: number;
  accuracy: number[];
}

/**
 * Measures a model on the options' tasks: one conversation each, and `turns` first attempts each, which are also what `first` is
 * taken over.
 */
export async function measureTurns(options: Omit<TurnsOptions, 'conversations'>): Promise<TurnMeasure> {
  const { path, turns } = options;
  const sequential = await rolloutTurns({ ...options, path: [...path, 'sequential'] });
  const parallel = await rolloutTurns({
    ...options,
    path: [...path, 'parallel'],
    turns: 1,
    conversations: turns,
  });
  const { accuracy, any, majority, corrected, lost } = turnFigures(sequential.flat().map(answersOf));
  const side = parallel.map((group) => group.flatMap(answersOf));
  return {
    first: side.flat().filter(({ right }) => right).length / side.flat().length,
    anySequential: any,
    anyParallel: side.filter((list) => list.some(({ right }) => right)).length / side.length,
    majoritySequential: majority,
    majorityParallel: majorityAccuracy(side),
    last: accuracy[accuracy.length - 1],
    ...(corrected === undefined ? {} : { corrected }),
    ...(lost === undefined ? {} : { lost }),
    accuracy,
  };
}
