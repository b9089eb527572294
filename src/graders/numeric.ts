/** Grades a number in a completion against a reference number. */
import type { Grader } from '../types/index.ts';
import { type Extract, lastNumber } from './extract.ts';
import { asScore, graded } from './grades.ts';
import { absolute, compare, multiply, parseDecimal, type Rational, subtract } from './rational.ts';
import { type ReferenceOptions, referencesOf } from './references.ts';

export interface NumericOptions<Data> extends ReferenceOptions<Data> {
  /** Largest absolute difference that still counts as equal. Default 0: exact, at any number of digits. */
  tolerance?: number;
  /** Largest difference relative to the reference that still counts as equal. Default 0. */
  relativeTolerance?: number;
  /** Takes the number out of the completion. Default: the last number in it. */
  extract?: Extract;
}

function checkedTolerance(name: string, value: number): Rational {
  const exact = parseDecimal(String(value));
  if (!(value >= 0) || exact === undefined)
    throw new RangeError(`numeric: ${name} is ${value}, expected 0 or more`);
  return exact;
}

/**
 * Score 1 where the completion's number differs from any reference by no more than the larger of the two tolerances,
 * else 0, also where there is no number. Decimals are compared exactly, not as floats.
 */
export function numeric<Data = unknown>(options: NumericOptions<Data> = {}): Grader<Data> {
  const { extract = lastNumber } = options;
  const tolerance = checkedTolerance('tolerance', options.tolerance ?? 0);
  const relative = checkedTolerance('relativeTolerance', options.relativeTolerance ?? 0);
  return {
    name: 'numeric',
    grade({ task, completion }) {
      const references = referencesOf(task, options).map((text) => {
        const value = parseDecimal(text.trim());
        if (value === undefined)
          throw new Error(`task ${task.id}: the reference is ${JSON.stringify(text)}, expected a number`);
        return value;
      });
      const value = parseDecimal(extract(completion)?.trim() ?? '');
      if (value === undefined) return graded(0);
      const close = references.some((reference) => {
        const difference = absolute(subtract(value, reference));
        const allowed = multiply(relative, absolute(reference));
        return compare(difference, tolerance) <= 0 || compare(difference, allowed) <= 0;
      });
      return graded(asScore(close));
    },
  };
}
