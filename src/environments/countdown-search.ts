/** Draws tries at a countdown problem: numbers combined step by step into one, and the text that shows the steps. */
import type { Expression, Operator } from '../graders/index.ts';
import type { Rng } from '../random/index.ts';

/** A number at hand: its value, how it was made, and how many steps had been taken when it was made (0: given). */
interface Operand {
  value: number;
  made: Expression;
  step: number;
}

/** One way of combining all the given numbers. */
export interface Try {
  /** The number it ends at. */
  result: number;
  expression: Expression;
  /** The steps written out: see `randomTry`. */
  text: string;
}

const MAX_STEP_VALUE = 999;

function apply(a: number, operator: Operator, b: number): number | undefined {
  const value = { '+': a + b, '-': a - b, '*': a * b, '/': a / b }[operator];
  return Number.isInteger(value) && value > 0 && value <= MAX_STEP_VALUE ? value : undefined;
}

/**
 * A random try: again and again two random numbers at hand are combined by the next of `operators` (one fewer than the
 * numbers), in whole numbers from 1 to 999, until one is left. Returns undefined where a step gives no such number.
 *
 * The text gives each step with its value. A step that goes on from the value just written leaves it out
 * (`8*3=24-5=19`); any other begins after a comma (`3*5=15,20-15=5`). Of two numbers that may change places, the value
 * just made comes first, else the larger.
 */
export function randomTry(
  numbers: readonly number[],
  operators: readonly Operator[],
  random: Rng,
): Try | undefined {
  const hand: Operand[] = numbers.map((value) => ({
    value,
    made: { kind: 'number', value: BigInt(value) },
    step: 0,
  }));
  let text = '';
  for (let step = 1; hand.length > 1; step++) {
    const [x] = hand.splice(random.int(hand.length), 1);
    const [y] = hand.splice(random.int(hand.length), 1);
    const operator = operators[step - 1];
    const [a, b] = inOrder(x, operator, y, step - 1);
    const value = apply(a.value, operator, b.value);
    if (value === undefined) return undefined;
    const goesOn = step > 1 && a.step === step - 1;
    text += `${goesOn ? '' : `${step > 1 ? ',' : ''}${a.value}`}${operator}${b.value}=${value}`;
    hand.push({ value, made: { kind: 'operation', operator, left: a.made, right: b.made }, step });
  }
  return { result: hand[0].value, expression: hand[0].made, text };
}

/** The operand that is written first, then the other; `last` is the number of the step just taken. */
function inOrder(x: Operand, operator: Operator, y: Operand, last: number): [Operand, Operand] {
  if (operator === '+' || operator === '*') {
    if (last > 0 && x.step === last) return [x, y];
    if (last > 0 && y.step === last) return [y, x];
  }
  return x.value >= y.value ? [x, y] : [y, x];
}
