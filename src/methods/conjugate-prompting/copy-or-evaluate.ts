/** Prompts that may be read as either of two tasks, copying or evaluating, in two alphabets: examples say which is meant. */
import { generatedEnvironment } from '../../environments/index.ts';
import { exactMatch } from '../../graders/index.ts';
import type { Rng } from '../../random/index.ts';
import { substitution, type TextTransform } from '../../text/index.ts';
import type { Environment } from '../../types/index.ts';

export type TaskName = 'copy' | 'evaluate';

export interface CopyOrEvaluateOptions {
  /** α: share of prompts whose task is to evaluate. */
  evaluateShare: number;
  /** ε: chance that an example follows the other task. */
  noise: number;
  /** Least and most examples before the query. */
  examples: readonly [number, number];
  /** What is copied: expressions, words (three digits, which have no value), or either with even chances. */
  copied: 'expressions' | 'words' | 'both';
  /** Share of prompts in the second alphabet. */
  secondAlphabet: number;
  seed: number;
  validationSize: number;
  testSize: number;
}

interface Query {
  task: TaskName;
  query: string;
  /** In the first alphabet, answers included. */
  examples: { text: string; follows: TaskName }[];
  second: boolean;
}

export interface CopyOrEvaluateData {
  /** What the task asks for. */
  answer: string;
  task: TaskName;
  /** Answers under both tasks; only expressions have a value. */
  copy: string;
  value?: string;
  /** Examples that evaluate, less examples that copy, in number. */
  balance: number;
}

const FIRST = '0123456789|';
const SECOND = 'abcdefghijp';
const SYMBOLS = [...FIRST, ...SECOND, ':', ';'];

/** The same prompts in the other alphabet: the conjugate. */
export const otherAlphabet = substitution('other alphabet', FIRST, SECOND);

const backwards = (text: string) => {
  const parts = text.split(';');
  return [...parts.slice(0, -1).reverse(), ...parts.slice(-1)].join(';');
};

/** The same examples in the opposite order, which says the same and looks as likely as before: a control. */
export const reversedExamples: TextTransform = {
  name: 'reversed examples',
  apply: backwards,
  invert: backwards,
};

const digit = (random: Rng) => String(random.int(10));
const expression = (random: Rng) => `${digit(random)}|${digit(random)}`;
const word = (random: Rng) => digit(random) + digit(random) + digit(random);
const isExpression = (text: string) => text.includes('|');

/** Value of an expression: the larger of its two digits. */
export const largerOf = (expression: string): string =>
  expression[0] > expression[2] ? expression[0] : expression[2];

/** Evidence in nats that one example which evaluates gives for evaluating. */
export const evidenceOf = (noise: number): number => Math.log((1 - noise) / noise);

/**
 * Prompt `3|7:7;2|0:2;5|1:`, up to so many examples and a query, each example `text:answer;`. An example follows the prompt's
 * task or, with chance ε, the other one, so that what is meant can be inferred but is not certain. The answer to the
 * query is what the prompt's task asks for: the query itself, or its value, the larger digit. Words can only be copied. A share of
 * the prompts is written in a second alphabet, whose characters the first does not have.
 */
export function copyOrEvaluate(options: CopyOrEvaluateOptions): Environment<CopyOrEvaluateData> {
  const { evaluateShare, noise, copied, secondAlphabet, seed, validationSize, testSize } = options;
  const [least, most] = options.examples;
  const copyText = (random: Rng) => {
    const words = copied === 'words' || (copied === 'both' && random.uniform() < 0.5);
    return words ? word(random) : expression(random);
  };
  return generatedEnvironment<Query, CopyOrEvaluateData>({
    name: 'copy-or-evaluate',
    seed,
    validationSize,
    testSize,
    draw(random) {
      const task: TaskName = random.uniform() < evaluateShare ? 'evaluate' : 'copy';
      const query = task === 'evaluate' ? expression(random) : copyText(random);
      const examples = Array.from({ length: least + random.int(most - least + 1) }, () => {
        const other: TaskName = task === 'copy' ? 'evaluate' : 'copy';
        const follows = random.uniform() < noise ? other : task;
        return { text: expression(random), follows };
      });
      return { task, query, examples, second: random.uniform() < secondAlphabet };
    },
    keyOf: ({ query, examples, task }) =>
      [task, query, ...examples.map(({ text, follows }) => text + follows)].join(' '),
    build({ task, query, examples, second }) {
      const write = second ? otherAlphabet.apply : (text: string) => text;
      const answerTo = (text: string, by: TaskName) => (by === 'copy' ? text : largerOf(text));
      const shown = examples.map(({ text, follows }) => `${text}:${answerTo(text, follows)};`);
      const evaluated = examples.filter(({ follows }) => follows === 'evaluate').length;
      const answer = write(answerTo(query, task));
      return {
        prompt: write(`${shown.join('')}${query}:`),
        data: {
          answer,
          task,
          copy: write(query),
          ...(isExpression(query) ? { value: write(largerOf(query)) } : {}),
          balance: 2 * evaluated - examples.length,
        },
        completion: answer,
        metadata: { task, examples: examples.length },
      };
    },
    grader: exactMatch<CopyOrEvaluateData>(),
    symbols: SYMBOLS,
  });
}
