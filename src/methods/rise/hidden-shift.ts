/** Digits to be shifted by a number that the problem hides: a guess at first, and every wrong attempt rules one out. */
import { generatedEnvironment } from '../../environments/index.ts';
import { exactMatch } from '../../graders/index.ts';
import type { Environment, Task } from '../../types/index.ts';

export interface HiddenShiftOptions {
  /** Digits of a problem. */
  digits: number;
  /** The hidden number is one of 1 … shifts; 8 at most. */
  shifts: number;
  /** Most attempts of a worked completion. */
  attempts: number;
  /** Chance that an attempt is one of those before once more; else it is another guess, while there is one. */
  repeats: number;
  /** What is shown: `guesses`, or one attempt that is `right`. */
  worked: 'guesses' | 'right';
  seed: number;
  validationSize: number;
  testSize: number;
}

interface Problem {
  digits: number[];
  shift: number;
}

export interface HiddenShiftData {
  answer: string;
}

/** What follows a wrong attempt. */
export const RETRY = 'F{prompt}';
const LETTERS = 'abcdefgh';

/** The answer to a problem of these digits if its hidden number is `shift`. */
const shiftedAnswer = (digits: readonly number[], shift: number) =>
  LETTERS[shift - 1] + digits.map((digit) => (digit + shift) % 10).join('');

/** The same problem once with each hidden number that it might have, so that no favourite guess pays. */
export function withEveryShift(task: Task<HiddenShiftData>, shifts: number): Task<HiddenShiftData>[] {
  const digits = String(task.prompt).slice(0, -1).split('').map(Number);
  return Array.from({ length: shifts }, (_, i) => ({
    ...task,
    id: `${task.id}/${i + 1}`,
    data: { answer: shiftedAnswer(digits, i + 1) },
  }));
}

/**
 * Prompt `371=`, answer `b593`: the letter of the problem's hidden number, and every digit moved up by it modulo 10. Nothing in
 * the prompt tells which number it is.
 *
 * Worked completions are what a model is given to imitate: up to `attempts` attempts with `F` and the problem between
 * them. They are guesses, and often ones that were made before, as language models answer when they are told that they were wrong.
 * Scores: 1 where the answer is right to the letter, else 0.
 */
export function hiddenShift(options: HiddenShiftOptions): Environment<HiddenShiftData> {
  const { shifts, repeats, seed, validationSize, testSize } = options;
  return generatedEnvironment<Problem, HiddenShiftData>({
    name: 'hidden-shift',
    seed,
    validationSize,
    testSize,
    draw: (random) => ({
      digits: Array.from({ length: options.digits }, () => random.int(10)),
      shift: 1 + random.int(shifts),
    }),
    // Without the shift: else held-out problems would be told by which shifts were never seen.
    keyOf: ({ digits }) => digits.join(''),
    build({ digits, shift }, random) {
      const prompt = `${digits.join('')}=`;
      const answer = shiftedAnswer(digits, shift);
      const all = Array.from({ length: shifts }, (_, i) => shiftedAnswer(digits, i + 1));
      const attempts = [random.choice(all)];
      for (let more = random.int(options.attempts); more > 0; more--) {
        const others = all.filter((one) => !attempts.includes(one));
        const again = others.length === 0 || random.uniform() < repeats;
        attempts.push(random.choice(again ? attempts : others));
      }
      return {
        prompt,
        data: { answer },
        completion: options.worked === 'right' ? answer : attempts.join(`<eos>F${prompt}`),
      };
    },
    grader: exactMatch<HiddenShiftData>(),
    symbols: [...'0123456789F=', ...LETTERS.slice(0, shifts)],
  });
}
