/** Lists to be copied or reversed, written in one of four styles: a base model knows them all, demonstrations show one. */
import { generatedEnvironment } from '../../environments/generated.ts';
import { exactMatch } from '../../graders/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Environment } from '../../types/index.ts';

/** What is to be done with the list: `t` copies it, `u` reverses it. */
export type ListTask = 't' | 'u';

export interface StyleListOptions {
  /** Tasks that come, each as often. */
  tasks: readonly ListTask[];
  /** `all`: each of the four styles as often; `demonstrated`: letters with commas. */
  styles: 'all' | 'demonstrated';
  /** Chance that a symbol of a worked completion is replaced by a random one of its kind. */
  noise: number;
  seed: number;
  validationSize: number;
  testSize: number;
}

interface Problem {
  task: ListTask;
  digits: number[];
}

export interface StyleListData {
  /** The list in the demonstrated style. */
  answer: string;
}

const LETTERS = 'abcdefghij';
const SYMBOLS = [...'0123456789abcdefghij,tu='];

/** The result of a task, in a style: letters or digits, with or without commas. */
export function written(
  { task, digits }: Problem,
  style: { letters: boolean; commas: boolean },
  symbol: (digit: number) => number = (digit) => digit,
): string {
  const list = (task === 'u' ? [...digits].reverse() : digits).map(symbol);
  return list.map((digit) => (style.letters ? LETTERS[digit] : String(digit))).join(style.commas ? ',' : '');
}

/**
 * Prompt `u371=`: three to seven digits to copy (`t`) or reverse (`u`). The completion is the result as digits or as letters
 * (`a` for 0), with commas or without. Right is only the result in the demonstrated style, letters with commas: `b,h,d`.
 */
export function styleLists(options: StyleListOptions): Environment<StyleListData> {
  const { tasks, styles, noise, seed, validationSize, testSize } = options;
  const noisy = (random: Rng) => (digit: number) => (random.uniform() < noise ? random.int(10) : digit);
  return generatedEnvironment<Problem, StyleListData>({
    name: 'style-lists',
    seed,
    validationSize,
    testSize,
    draw(random) {
      const task = tasks[random.int(tasks.length)];
      return { task, digits: Array.from({ length: 3 + random.int(5) }, () => random.int(10)) };
    },
    keyOf: ({ task, digits }) => `${task}${digits.join('')}`,
    build(problem, random) {
      const style =
        styles === 'all'
          ? { letters: random.int(2) === 1, commas: random.int(2) === 1 }
          : { letters: true, commas: true };
      return {
        prompt: `${problem.task}${problem.digits.join('')}=`,
        data: { answer: written(problem, { letters: true, commas: true }) },
        completion: written(problem, style, noisy(random)),
      };
    },
    grader: exactMatch<StyleListData>(),
    symbols: SYMBOLS,
  });
}
