/** Points: make a target of three cards, under one of two rules for what the face cards count. */
import { z } from 'zod';
import { generatedEnvironment } from '../../environments/generated.ts';
import { functionGrader } from '../../graders/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Environment } from '../../types/index.ts';

/** `a`: J, Q and K count 10. `b`: 11, 12 and 13. */
export type Rule = 'a' | 'b';
export const CARDS = [...'123456789JQK'];
const OPERATORS = ['+', '-', '*'] as const;
type Operator = (typeof OPERATORS)[number];
const SYMBOLS = [...'0123456789JQKabf>=+-*;'];
const FACES = 'JQK';
const LARGEST = 99;

/** What a card counts. */
export function cardValue(card: string, rule: Rule): number {
  const face = FACES.indexOf(card);
  return face < 0 ? Number(card) : rule === 'a' ? 10 : 11 + face;
}

/** The result of an operation; undefined outside 0 to 99. */
export function resultOf(x: number, operator: Operator, y: number): number | undefined {
  const value = operator === '+' ? x + y : operator === '-' ? x - y : x * y;
  return value >= 0 && value <= LARGEST ? value : undefined;
}

/** A way from cards to a number. */
export interface Working {
  text: string;
  value: number;
}

/** Workings of cards' values in an order: `7*10=70;70+3=73`. Empty where a value would leave 0 to 99. */
function workings(values: readonly number[]): Working[] {
  let ways: Working[] = [{ text: '', value: values[0] }];
  for (const next of values.slice(1))
    ways = ways.flatMap(({ text, value }) =>
      OPERATORS.flatMap((operator) => {
        const result = resultOf(value, operator, next);
        if (result === undefined) return [];
        const step = `${value}${operator}${next}=${result}`;
        return [{ text: text === '' ? step : `${text};${step}`, value: result }];
      }),
    );
  return ways;
}

/** Every order of the values, in a fixed sequence of positions. */
function orders(values: readonly number[]): number[][] {
  if (values.length === 1) return [[...values]];
  return values.flatMap((first, i) =>
    orders([...values.slice(0, i), ...values.slice(i + 1)]).map((rest) => [first, ...rest]),
  );
}

/** All workings of the cards, each used once, in a fixed order. */
export function allWorkings(cards: readonly string[], rule: Rule): Working[] {
  return orders(cards.map((card) => cardValue(card, rule))).flatMap(workings);
}

/** Whether a text is a working of these cards that ends in the target: cards used once each, every equation right. */
export function isRight(text: string, cards: readonly string[], rule: Rule, target: number): boolean {
  const left = cards.map((card) => cardValue(card, rule));
  const take = (value: number) => {
    const at = left.indexOf(value);
    if (at >= 0) left.splice(at, 1);
    return at >= 0;
  };
  let running: number | undefined;
  for (const step of text.split(';')) {
    const match = /^(\d{1,2})([+*-])(\d{1,2})=(\d{1,2})$/.exec(step);
    if (match === null) return false;
    const [x, y, said] = [match[1], match[3], match[4]].map(Number);
    if (running === undefined ? !take(x) : x !== running) return false;
    if (!take(y) || resultOf(x, match[2] as Operator, y) !== said) return false;
    running = said;
  }
  return left.length === 0 && running === target;
}

interface Problem {
  kind: 'problem' | 'loose' | 'sum' | 'card';
  rule: Rule;
  cards: string[];
  target: number;
}

export interface PointsData {
  cards: string[];
  rule: Rule;
  target: number;
}

export const pointsOptions = z.strictObject({
  /** Rules that come, each as often. */
  rules: z.array(z.enum(['a', 'b'])).min(1),
  /** Only cards of which at least one is J, Q or K. */
  faces: z.boolean().default(false),
  /** `problems` of three cards; or `basics`: sums, cards' values, problems of two cards, and workings of three that miss. */
  content: z.enum(['problems', 'basics']),
  /** `first`: worked completions are the first that is right, in a fixed order; `random`: workings that need not be right. */
  demonstrations: z.enum(['first', 'random']).default('first'),
  seed: z.int().min(0),
  validationSize: z.int().min(1),
  testSize: z.int().min(1),
});

function drawCards(random: Rng, count: number, faces: boolean): string[] {
  for (;;) {
    const cards = Array.from({ length: count }, () => CARDS[random.int(CARDS.length)]);
    if (!faces || cards.some((card) => FACES.includes(card))) return cards;
  }
}

/** A problem that can be solved: the target is that of a random working. */
function drawProblem(random: Rng, rule: Rule, count: number, faces: boolean): Problem {
  for (;;) {
    const cards = drawCards(random, count, faces);
    const ways = allWorkings(cards, rule);
    if (ways.length > 0) return { kind: 'problem', rule, cards, target: ways[random.int(ways.length)].value };
  }
}

/** One of the things that a model has to know before it can solve problems of three cards. */
function drawBasic(random: Rng, rule: Rule): Problem {
  const part = random.uniform();
  if (part < 0.35)
    return { kind: 'sum', rule, cards: drawCards(random, 1, false), target: random.int(LARGEST + 1) };
  if (part < 0.4) return { kind: 'card', rule, cards: drawCards(random, 1, false), target: 0 };
  if (part < 0.6) return drawProblem(random, rule, 2, false);
  return { ...drawProblem(random, rule, 3, false), kind: 'loose', target: random.int(LARGEST + 1) };
}

const pick = <T>(random: Rng, items: readonly T[]): T => items[random.int(items.length)];

/** Prompt and worked completion of a problem. */
function taskOf({ kind, rule, cards, target }: Problem, random: Rng, demonstrations: 'first' | 'random') {
  const data = { cards, rule, target };
  if (kind === 'card')
    return { prompt: `${rule}${cards[0]}=`, completion: String(cardValue(cards[0], rule)), data };
  if (kind === 'sum') {
    const y = cardValue(cards[0], rule);
    const known = OPERATORS.filter((operator) => resultOf(target, operator, y) !== undefined);
    const operator = known.length > 0 ? pick(random, known) : '-';
    const [x, result] = known.length > 0 ? [target, resultOf(target, operator, y)] : [y, 0];
    return { prompt: `f${x}${operator}${y}=`, completion: String(result), data };
  }
  const prompt = `${rule}${cards.join('')}>${target}=`;
  const ways = allWorkings(cards, rule);
  const free = kind === 'loose' || demonstrations === 'random';
  const chosen = free ? pick(random, ways) : ways.find(({ value }) => value === target);
  return { prompt, completion: chosen?.text, data };
}

/**
 * Prompt `a7K3>73=`: make 73 of the cards 7, K and 3, each used once, under rule `a`. Right is a chain of equations such as
 * `7*10=70;70+3=73`, each continuing from the last result; all values lie in 0 to 99. Score 1 where all of it is right, else 0.
 * Throws a ZodError for wrong options.
 */
export function points(options: z.input<typeof pointsOptions>): Environment<PointsData> {
  const { rules, faces, content, demonstrations, seed, validationSize, testSize } =
    pointsOptions.parse(options);
  return generatedEnvironment<Problem, PointsData>({
    name: 'points',
    seed,
    validationSize,
    testSize,
    draw(random) {
      const rule = pick(random, rules);
      return content === 'basics' ? drawBasic(random, rule) : drawProblem(random, rule, 3, faces);
    },
    keyOf: ({ kind, rule, cards, target }) => `${kind}${rule}${[...cards].sort().join('')}>${target}`,
    build: (problem, random) => taskOf(problem, random, demonstrations),
    grader: functionGrader<PointsData>('points', ({ task, completion }) => {
      const { cards, rule, target } = task.data;
      return Number(isRight(completion, cards, rule, target));
    }),
    symbols: SYMBOLS,
  });
}
