/** Grades arithmetic expressions: right value, and only the given numbers. */
import type { Grader, Task } from '../types/index.ts';
import { evaluate, numbersIn, type Operator, operatorsIn, parseExpression } from './arithmetic-expression.ts';
import { type Extract, wholeCompletion } from './extract.ts';
import { asScore, graded } from './grades.ts';
import { equals, rational } from './rational.ts';

/** What an expression must do: reach `target` with `numbers` (integers). */
export interface ExpressionProblem {
  numbers: readonly number[];
  target: number;
}

export interface ExpressionOptions<Data> {
  /** The problem of a task. Default: the task's data itself. */
  problem?: (task: Task<Data>) => ExpressionProblem;
  /** Use every given number exactly once (default), or each at most once, or any numbers at all. */
  use?: 'exactly' | 'atMost' | 'any';
  /** Operators that may appear. Default all four. */
  operations?: readonly Operator[];
  /** Takes the expression out of the completion. Default: the whole of it. */
  extract?: Extract;
}

/** Whether `used` are given numbers, counted with repetition. */
export function numbersFit(
  used: readonly bigint[],
  given: readonly number[],
  use: 'exactly' | 'atMost' | 'any',
): boolean {
  if (use === 'any') return true;
  const left = new Map<bigint, number>();
  for (const n of given) left.set(BigInt(n), (left.get(BigInt(n)) ?? 0) + 1);
  for (const n of used) {
    const count = left.get(n) ?? 0;
    if (count === 0) return false;
    left.set(n, count - 1);
  }
  return use === 'atMost' || used.length === given.length;
}

function readProblem<Data>(
  task: Task<Data>,
  read?: (task: Task<Data>) => ExpressionProblem,
): ExpressionProblem {
  const problem: unknown = read ? read(task) : task.data;
  const { numbers, target } = (problem ?? {}) as Partial<ExpressionProblem>;
  if (!Array.isArray(numbers) || !numbers.every(Number.isInteger) || !Number.isInteger(target))
    throw new Error(
      `task ${task.id}: data is ${JSON.stringify(problem)}, expected {numbers: integers, target: integer}`,
    );
  return { numbers, target: target as number };
}

/**
 * Score 1 where the completion's expression, in exact rational arithmetic, equals the target, uses the given numbers
 * as asked and no other operator than allowed; else 0. Parts, each 0 or 1: `parsed`, `numbers`, `operations`, `value`.
 * Nothing is ever evaluated as code.
 */
export function expression<Data = ExpressionProblem>({
  problem: read,
  use = 'exactly',
  operations = ['+', '-', '*', '/'],
  extract = wholeCompletion,
}: ExpressionOptions<Data> = {}): Grader<Data> {
  return {
    name: 'expression',
    grade({ task, completion }) {
      const problem = readProblem(task, read);
      const text = extract(completion);
      const parts = { parsed: 0, numbers: 0, operations: 0, value: 0 };
      if (text === undefined) return graded(0, parts);
      try {
        const parsed = parseExpression(text);
        parts.parsed = 1;
        parts.numbers = asScore(numbersFit(numbersIn(parsed), problem.numbers, use));
        parts.operations = asScore(operatorsIn(parsed).every((operator) => operations.includes(operator)));
        parts.value = asScore(equals(evaluate(parsed), rational(BigInt(problem.target))));
      } catch {
        // No expression, or a division by zero: the parts found so far stand.
      }
      return graded(parts.numbers * parts.operations * parts.value, parts);
    },
  };
}
