/** Measures what a model copies and evaluates, as asked and through transformations, and which task it takes prompts to be. */
import type { FrozenEngine } from '../../engine/index.ts';
import { conjugated } from '../../environments/index.ts';
import { implicitPrior } from '../../evaluation/index.ts';
import type { TextTransform, Tokenizer } from '../../text/index.ts';
import { evaluate } from '../../training/index.ts';
import type { Environment } from '../../types/index.ts';
import {
  type CopyOrEvaluateData,
  type CopyOrEvaluateOptions,
  copyOrEvaluate,
  evidenceOf,
  otherAlphabet,
  reversedExamples,
} from './copy-or-evaluate.ts';

export interface MeasureOptions {
  engine: FrozenEngine;
  tokenizer: Tokenizer;
  /** ε of the examples. */
  noise: number;
  tasks: number;
  seed: number;
  signal: AbortSignal;
}

type Kind = Pick<CopyOrEvaluateOptions, 'evaluateShare' | 'copied' | 'examples'>;

/** Two examples, so that there is an order to turn round. */
const NEAR: Kind = { evaluateShare: 0, copied: 'expressions', examples: [2, 2] };
const FAR: Kind = { ...NEAR, copied: 'words' };
const TUNED: Kind = { ...NEAR, evaluateShare: 1 };
const ANY_EVIDENCE: Kind = { ...NEAR, examples: [0, 3] };

const environmentOf = (kind: Kind, { noise, tasks }: MeasureOptions) =>
  copyOrEvaluate({ ...kind, noise, secondAlphabet: 0, seed: 0, validationSize: 16, testSize: tasks });

/** Share of right answers of the likeliest completion. */
async function accuracy(kind: Kind, options: MeasureOptions, transform?: TextTransform): Promise<number> {
  const { engine, tokenizer, tasks, seed, signal } = options;
  const plain = environmentOf(kind, options);
  const environment = (transform ? conjugated(plain, transform) : plain) as Environment;
  const sampling = { maxTokens: 5, temperature: 0 };
  const common = { engine, tokenizer, environment, split: 'test', tasks, sampling, seed, signal } as const;
  return (await evaluate(common)).summary.passAt1.estimate;
}

/** Probability of each completion, its end included. */
async function chances(
  texts: readonly { prompt: string; completion: string }[],
  { engine, tokenizer }: MeasureOptions,
): Promise<number[]> {
  const rows = texts.map(({ prompt, completion }) => {
    const start = tokenizer.encode(prompt);
    return { from: start.length, tokens: [...start, ...tokenizer.encode(completion), tokenizer.eosId] };
  });
  const { logprobs } = await engine.forward(rows.map(({ tokens }) => tokens));
  return rows.map(({ from }, i) => Math.exp(logprobs[i].subarray(from).reduce((a, b) => a + b, 0)));
}

/** The prior of evaluating by which the model reads ambiguous prompts, as an ideal reader of them would have it. */
async function priorOf(options: MeasureOptions, transform?: TextTransform): Promise<number> {
  const plain = environmentOf(ANY_EVIDENCE, options);
  const write = transform?.apply ?? ((text: string) => text);
  const tasks = Array.from({ length: options.tasks }, (_, i) => plain.task('test', i));
  const texts = (completionOf: (data: CopyOrEvaluateData) => string) =>
    tasks.map(({ prompt, data }) => ({
      prompt: write(String(prompt)),
      completion: write(completionOf(data)),
    }));
  const copies = await chances(
    texts(({ copy }) => copy),
    options,
  );
  const values = await chances(
    texts(({ value = '' }) => value),
    options,
  );
  return implicitPrior(
    tasks.map(({ data }, i) => ({
      evidence: data.balance * evidenceOf(options.noise),
      probability: values[i] / (values[i] + copies[i]),
    })),
  );
}

const logOdds = (p: number) => Math.log(p / (1 - p));

/** Figures by name. `near` prompts could be read as evaluating, `far` ones could not. */
export async function measureReadings(options: MeasureOptions): Promise<Record<string, number>> {
  return {
    near: await accuracy(NEAR, options),
    nearThrough: await accuracy(NEAR, options, otherAlphabet),
    nearControl: await accuracy(NEAR, options, reversedExamples),
    far: await accuracy(FAR, options),
    tuned: await accuracy(TUNED, options),
    tunedThrough: await accuracy(TUNED, options, otherAlphabet),
    priorOdds: logOdds(await priorOf(options)),
    priorOddsThrough: logOdds(await priorOf(options, otherAlphabet)),
  };
}
