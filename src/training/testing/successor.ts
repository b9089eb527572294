/** A toy environment for tests: `ab=` is to be answered with the digit after b. */
import { symbolTokenizer } from '../../text/index.ts';
import type { Environment, Grade, Split, Task } from '../../types/index.ts';

const symbols = [...'0123456789='];

export const successorTokenizer = () => symbolTokenizer(symbols);

/** Splits by the first digit: 0..6 train, 7..8 validation, 9 test. */
const FIRST: Record<Split, number[]> = { train: [0, 1, 2, 3, 4, 5, 6], validation: [7, 8], test: [9] };

function taskAt(split: Split, index: number): Task<{ answer: string }> {
  const prompt = `${FIRST[split][Math.floor(index / 10)]}${index % 10}=`;
  const answer = String((index + 1) % 10);
  const rejected = String((index + 2) % 10).repeat(2);
  return { id: `${split}-${prompt}`, prompt, data: { answer }, completion: answer, rejected };
}

/** `grade` replaces the grader's judgement of an answer. */
export function successor(
  grade: (completion: string, answer: string) => Grade = (completion, answer) => ({
    status: 'graded',
    score: Number(completion === answer),
  }),
): Environment {
  return {
    name: 'successor',
    size: (split) => 10 * FIRST[split].length,
    task: taskAt,
    grader: {
      name: 'successor',
      grade: ({ task, completion }) => grade(completion, (task.data as { answer: string }).answer),
    },
    symbols,
  };
}
