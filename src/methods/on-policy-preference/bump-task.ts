/** Sequences of bins whose reward is a bump over the bins: the didactic problem of preference fine-tuning, as text. */
import { graded } from '../../graders/index.ts';
import { type Rng, rng } from '../../random/index.ts';
import type { Environment, Split } from '../../types/index.ts';

/** Bins of an answer's token, and contexts that the reward ignores. */
export const BINS = 100;
export const CONTEXTS = 10;

/** A symbol a bin: letters of the Latin Extended blocks, one character each. */
const binSymbols = Array.from({ length: BINS }, (_, bin) => String.fromCodePoint(0x100 + bin));
const binOf = new Map(binSymbols.map((symbol, bin) => [symbol, bin]));

/** The reward of a bin: exp(-((bin - centre) / width)²). */
export function bump(bin: number, centre: number, width: number): number {
  return Math.exp(-(((bin - centre) / width) ** 2));
}

/**
 * A bin as the data has it: tanh(C) in [-1, 1] in equal bins, C of a Cauchy distribution around -0.7 with scale 0.4. Its mode
 * is near bin 20, and both ends have heavy tails.
 */
export function drawBin(random: Rng): number {
  const cauchy = -0.7 + 0.4 * Math.tan(Math.PI * (random.uniform() - 0.5));
  return Math.min(BINS - 1, Math.floor(((Math.tanh(cauchy) + 1) / 2) * BINS));
}

export interface BumpTaskOptions {
  /** Bins an answer has. */
  length: number;
  /** Centre and width of the bump. */
  centre: number;
  width: number;
  seed: number;
}

export interface BumpTaskData {
  context: number;
}

/** The bins of a completion, as many as it should have; characters that are no bins are left out. */
export const binsOf = (completion: string, length: number) =>
  [...completion].flatMap((symbol) => binOf.get(symbol) ?? []).slice(0, length);

/**
 * Prompt: a digit, which the reward ignores. Completion: `length` symbols, drawn one by one as the data has them. Score: the
 * mean of the bump over the answer's bins; a bin that is missing counts 0.
 */
export function bumpTask({ length, centre, width, seed }: BumpTaskOptions): Environment<BumpTaskData> {
  const size = (split: Split) => (split === 'train' ? Number.POSITIVE_INFINITY : CONTEXTS);
  return {
    name: 'bump-task',
    size,
    task(split, index) {
      if (!(Number.isInteger(index) && index >= 0 && index < size(split)))
        throw new RangeError(
          `environment bump-task: ${split} task ${index}, expected an integer from 0 below ${size(split)}`,
        );
      const context = index % CONTEXTS;
      const random = rng(seed, 'bump-task', split, index);
      return {
        id: `bump-task/${split}/${index}`,
        prompt: String(context),
        data: { context },
        completion: Array.from({ length }, () => binSymbols[drawBin(random)]).join(''),
      };
    },
    grader: {
      name: 'bump',
      grade({ completion }) {
        const bins = binsOf(completion, length);
        return graded(bins.reduce((sum, bin) => sum + bump(bin, centre, width), 0) / length);
      },
    },
    symbols: [...'0123456789', ...binSymbols],
  };
}
