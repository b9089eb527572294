/** Tests of the arithmetic environment. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gradeAll } from '../graders/index.ts';
import { symbolTokenizer } from '../text/index.ts';
import { arithmetic } from './arithmetic.ts';
import { columnSteps } from './column-arithmetic.ts';

const grade = async (environment: ReturnType<typeof arithmetic>, index: number, completion: string) => {
  const task = environment.task('train', index);
  const [result] = await gradeAll(environment.grader, [
    { task, completion, tokens: [], finishReason: 'stop' },
  ]);
  return result;
};

describe('columnSteps', () => {
  it('shows carries and borrows', () => {
    expect(columnSteps(47n, '+', 85n)).toBe('7+5=12,4+8+1=13');
    expect(columnSteps(82n, '-', 47n)).toBe('12-7=5,8-4-1=3');
    expect(columnSteps(102n, '-', 47n)).toBe('12-7=5,10-4-1=5,1-0-1=0');
    expect(columnSteps(999n, '+', 1n)).toBe('9+1=10,9+0+1=10,9+0+1=10');
  });

  it('is true in every step, and its digits spell the answer', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        fc.bigInt({ min: 0n, max: 10n ** 20n }),
        (x, y) => {
          const [left, right] = x >= y ? [x, y] : [y, x];
          for (const operation of ['+', '-'] as const) {
            const steps = columnSteps(left, operation, right).split(',');
            const values = steps.map((step) => {
              const [terms, value] = step.split('=');
              const [first, ...rest] = terms.split(/[+-]/).map(Number);
              const sum = rest.reduce(
                (total, term) => (operation === '+' ? total + term : total - term),
                first,
              );
              expect(sum).toBe(Number(value));
              return sum;
            });
            const low = values.slice(0, -1).map((value) => value % 10);
            const spelled = [...low, values[values.length - 1]].reverse().join('');
            expect(BigInt(spelled)).toBe(operation === '+' ? left + right : left - right);
          }
        },
      ),
    );
  });
});

describe('arithmetic', () => {
  it('gives full marks to every worked completion, in its own symbols', async () => {
    for (const chainOfThought of [true, false]) {
      const environment = arithmetic({ digits: [1, 6], chainOfThought });
      const tokenizer = symbolTokenizer(environment.symbols);
      for (let i = 0; i < 200; i++) {
        const { prompt, completion = '', data } = environment.task('train', i);
        const text = prompt + completion;
        expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
        expect(prompt).toBe(`${data.left}${data.operation}${data.right}=`);
        const expected = { status: 'graded', score: 1, parts: { format: 1, worked: 1 } };
        expect(await grade(environment, i, completion)).toEqual(expected);
      }
    }
  });

  it('draws the operand sizes and operations asked for', () => {
    const environment = arithmetic({ digits: [2, 4], operations: ['-'] });
    const sizes = new Set<number>();
    for (let i = 0; i < 300; i++) {
      const { data } = environment.task('train', i);
      expect(data.operation).toBe('-');
      expect(BigInt(data.left) >= BigInt(data.right)).toBe(true);
      for (const operand of [data.left, data.right]) sizes.add(operand.length);
    }
    expect([...sizes].sort()).toEqual([2, 3, 4]);
  });

  it('scores the answer, and notes the form apart', async () => {
    const environment = arithmetic({ digits: [2, 2], operations: ['+'] });
    const { data } = environment.task('train', 0);
    const wrong = String(BigInt(data.answer) + 1n);
    const scores = async (completion: string) => {
      const result = await grade(environment, 0, completion);
      return result.status === 'graded' ? [result.score, result.parts?.format, result.parts?.worked] : result;
    };
    expect(await scores(`#${data.answer}`)).toEqual([1, 0, 0]);
    expect(await scores(`1+1=2,1+1=2#${data.answer}`)).toEqual([1, 1, 0]);
    expect(await scores(`1+1=2,1+1=2#${wrong}`)).toEqual([0, 1, 0]);
    expect(await scores(data.answer)).toEqual([0, 0, 0]);
    expect(await scores('')).toEqual([0, 0, 0]);
  });
});
