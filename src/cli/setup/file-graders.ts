/** The graders that a file of tasks can name, and which of them agrees with the file's own worked completions. */
import {
  exactMatch,
  functionGrader,
  gradeAll,
  isListProgram,
  listProgramOutput,
  numeric,
  referencesOf,
  tieredTests,
} from '../../graders/index.ts';
import type { Environment, Grader } from '../../types/index.ts';

/** Accepts a completion that ends with an answer: for answers after a chain of thought. */
function ending(): Grader {
  return functionGrader('ending', ({ task, completion }) => {
    const said = completion.trimEnd();
    return referencesOf(task).some((answer) => said.endsWith(answer.trim())) ? 1 : 0;
  });
}

const GRADERS = {
  /** Equal but for space at the ends. */
  exact: (): Grader => exactMatch(),
  /** Equal but for case, punctuation, articles and spacing. */
  normalized: (): Grader => exactMatch({ normalize: true }),
  /** The completion's last number equals the answer's. */
  numeric: (): Grader => numeric(),
  ending,
  /** The completion is a program of the list language, the answers are tests of tiers that it passes. */
  'list-tests': (): Grader => tieredTests({ run: listProgramOutput, isFormatted: isListProgram }),
} as const;

export type FileGrader = keyof typeof GRADERS;

export const fileGraderNames = Object.keys(GRADERS) as FileGrader[];

export function isFileGrader(name: unknown): name is FileGrader {
  return typeof name === 'string' && Object.hasOwn(GRADERS, name);
}

export function fileGrader(name: FileGrader): Grader {
  return GRADERS[name]();
}

/** What each grader is looking for, for people. */
export const graderWords: Readonly<Record<FileGrader, string>> = {
  exact: 'the completion equals an answer (spaces at the ends apart)',
  normalized: 'the completion equals an answer (case, punctuation and spacing apart)',
  numeric: "the completion's last number equals the answer",
  ending: 'the completion ends with an answer',
  'list-tests': 'the completion is a list program that passes the tests in the answers',
};

/**
 * The strictest grader that accepts every worked completion of the training split (at most 1000 of them), else the one
 * that accepts most, with how many it refuses.
 */
export async function chooseGrader(
  environment: Environment,
): Promise<{ name: FileGrader; refused: number; of: number }> {
  const count = Math.min(1000, environment.size('train'));
  const inputs = Array.from({ length: count }, (_, i) => environment.task('train', i)).flatMap((task) =>
    task.completion === undefined
      ? []
      : [{ task, completion: task.completion, tokens: [], finishReason: 'stop' as const }],
  );
  let best: { name: FileGrader; refused: number } = { name: 'exact', refused: Number.POSITIVE_INFINITY };
  for (const name of fileGraderNames) {
    const grades = await gradeAll(fileGrader(name), inputs);
    const refused = grades.filter((grade) => !(grade.status === 'graded' && grade.score === 1)).length;
    if (refused < best.refused) best = { name, refused };
  }
  return { ...best, of: inputs.length };
}
