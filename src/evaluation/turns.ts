/** Figures of several attempts at each task, in turns or side by side: votes, successes, and how answers change. */
import { majorityVote } from './majority.ts';

/** An attempt as votes see it. */
export interface AttemptedAnswer {
  /** Equal texts are one answer. */
  answer: string;
  right: boolean;
}

const mean = (xs: readonly number[]) => xs.reduce((a, b) => a + b, 0) / xs.length;

function check(name: string, attempts: readonly (readonly AttemptedAnswer[])[]): void {
  if (attempts.length === 0 || attempts.some(({ length }) => length === 0))
    throw new RangeError(`${name}: a task without attempts given, expected at least one attempt at each`);
}

/**
 * Share of tasks, in [0, 1], whose majority answer is right, ties broken at random (see `majorityVote`): m5@t1 of five
 * first attempts, m1@t5 of five turns. Throws a RangeError on no tasks, or a task without attempts.
 */
export function majorityAccuracy(attempts: readonly (readonly AttemptedAnswer[])[]): number {
  check('majorityAccuracy', attempts);
  return mean(
    attempts.map((list) => {
      const right = new Set(list.filter((one) => one.right).map(({ answer }) => answer));
      return majorityVote(
        list.map(({ answer }) => answer),
        (answer) => right.has(answer),
      );
    }),
  );
}

/** How accuracy goes over turns; shares in [0, 1]. */
export interface TurnFigures {
  /** Accuracy of each turn, over the tasks that reached it. */
  accuracy: number[];
  /** m1@tT: accuracy of the majority over the turns. */
  majority: number;
  /** p1@tT: share of tasks with a right turn, known by an oracle that stops there. */
  any: number;
  /** Share of wrong attempts that the next turn made right; absent where no wrong one was followed by another. */
  corrected?: number;
  /** Share of right attempts that the next turn made wrong; absent where no right one was followed by another. */
  lost?: number;
}

/**
 * Figures of attempts in turns, by task. Conversations may differ in length. Qu et al. 2024 (arXiv 2407.18219), §6.
 * Throws a RangeError on no tasks, or a task without attempts.
 */
export function turnFigures(turns: readonly (readonly AttemptedAnswer[])[]): TurnFigures {
  check('turnFigures', turns);
  const longest = Math.max(...turns.map(({ length }) => length));
  const accuracy = Array.from({ length: longest }, (_, t) =>
    mean(turns.flatMap((list) => (t < list.length ? [Number(list[t].right)] : []))),
  );
  const pairs = turns.flatMap((list) => list.slice(1).map((after, t) => ({ before: list[t], after })));
  const wrong = pairs.filter(({ before }) => !before.right);
  const right = pairs.filter(({ before }) => before.right);
  return {
    accuracy,
    majority: majorityAccuracy(turns),
    any: mean(turns.map((list) => Number(list.some((one) => one.right)))),
    ...(wrong.length > 0 ? { corrected: mean(wrong.map(({ after }) => Number(after.right))) } : {}),
    ...(right.length > 0 ? { lost: mean(right.map(({ after }) => Number(!after.right))) } : {}),
  };
}
