/** A sensible recipe for a user's own file of tasks. */
import { basename } from 'node:path';
import type { Environment, Task } from '../../types/index.ts';
import { makeEnvironment } from '../setup/environment.ts';
import { chooseGrader, graderWords, isFileGrader } from '../setup/file-graders.ts';
import type { LoadedRecipe, LoadOptions } from './load-recipe.ts';

interface FileFacts {
  tasks: number;
  withCompletion: number;
  /** Characters of the longest prompt, and of the longest completion or answer. */
  longestPrompt: number;
  longestAnswer: number;
}

const textOf = (prompt: Task['prompt']) =>
  typeof prompt === 'string' ? prompt : prompt.map(({ role, content }) => `${role}${content}`).join('\n');

function factsOf(environment: Environment): FileFacts {
  const facts: FileFacts = { tasks: 0, withCompletion: 0, longestPrompt: 0, longestAnswer: 0 };
  for (const split of ['train', 'validation', 'test'] as const)
    for (let i = 0; i < environment.size(split); i++) {
      const { prompt, completion, data } = environment.task(split, i);
      const answers = [(data as { answer: string | string[] }).answer].flat();
      facts.tasks++;
      if (completion !== undefined) facts.withCompletion++;
      facts.longestPrompt = Math.max(facts.longestPrompt, textOf(prompt).length);
      facts.longestAnswer = Math.max(
        facts.longestAnswer,
        ...[...answers, completion ?? ''].map((t) => t.length),
      );
    }
  return facts;
}

/** Files of fewer tasks hold out a larger share, so that the figures mean something. */
const SMALL = 200;

const roundUp = (value: number, to: number) => Math.ceil(value / to) * to;

/**
 * Reads the file and chooses:
 * - the held-out shares: a fifth for validation and a fifth for the test in small files, else a tenth each;
 * - the model: the given folder, else a fresh small one over the file's own characters;
 * - a supervised stage where lines have worked completions, or where the model is fresh (it knows nothing yet, so
 *   every reward would be 0): it imitates the completions, and the answer where a line has none;
 * - then reinforcement with GRPO, with the strictest grader that accepts the file's own worked completions.
 * Throws a CliError when the file cannot be used; each bad line is named with its number and reason.
 */
export async function recipeForFile(
  path: string,
  { model, environment: given = {} }: LoadOptions,
): Promise<LoadedRecipe> {
  const facts = factsOf((await makeEnvironment({ file: path, ...given })).environment);
  const shares = facts.tasks < SMALL ? { validation: 0.2, test: 0.2 } : {};
  const settings = { file: path, ...shares, ...given };
  const { environment } = await makeEnvironment(settings);
  const grader = isFileGrader(given.grader)
    ? { name: given.grader, refused: 0, of: 0 }
    : await chooseGrader(environment);
  const isFresh = model === undefined;
  const supervise = isFresh || facts.withCompletion > 0;
  const maxTokens = Math.min(512, roundUp(facts.longestAnswer + 8, 8));
  const batchSize = Math.min(32, environment.size('train'));
  const supervised = {
    name: 'supervised',
    method: 'supervised',
    batchSize,
    steps: Math.min(2000, Math.max(isFresh ? 80 : 20, Math.round((4 * facts.tasks) / batchSize))),
    learningRate: isFresh ? 2e-3 : 2e-5,
    schedule: 'cosine',
    warmupFraction: 0.05,
    weightDecay: isFresh ? 0.1 : 0,
  };
  const reinforcement = {
    name: 'reinforcement',
    method: 'grpo',
    promptsPerStep: Math.min(16, environment.size('train')),
    steps: 40,
    learningRate: isFresh ? 1e-4 : 1e-6,
    schedule: 'linear',
    warmupSteps: 5,
    floor: 0.1,
  };
  const config = {
    hiddenSize: 128,
    layers: 3,
    heads: 4,
    maxPositions: Math.max(128, roundUp(facts.longestPrompt + maxTokens + 8, 64)),
  };
  const name = basename(path)
    .replace(/\.[^.]+$/, '')
    .replaceAll(/[^\w.-]+/g, '-');
  return {
    input: {
      name: name === '' ? 'own-file' : name,
      model: model ?? { config },
      environment: { ...settings, grader: grader.name, ...(supervise ? { demonstrations: 'answer' } : {}) },
      sampling: { maxTokens, temperature: 1 },
      stages: supervise ? [supervised, reinforcement] : [reinforcement],
      evaluation: { split: 'validation', tasks: 200, samples: 4, every: 20 },
      report: { split: 'test', tasks: 500, samples: 4 },
    },
    source: { kind: 'data', path },
    notes: notesOf(environment, facts, { model, supervise, grader }),
  };
}

function notesOf(
  environment: Environment,
  facts: FileFacts,
  choice: { model?: string; supervise: boolean; grader: Awaited<ReturnType<typeof chooseGrader>> },
): string[] {
  const { tasks, withCompletion } = facts;
  const { model, supervise, grader } = choice;
  const size = (split: 'train' | 'validation' | 'test') => environment.size(split);
  const sizes = `${size('train')} to train on, ${size('validation')} for validation, ${size('test')} for the final test`;
  const plan = supervise
    ? `supervised training on ${withCompletion > 0 ? `worked completions (${withCompletion} of ${tasks} lines have one, else the answer)` : 'the answers'}, then reinforcement (grpo)`
    : 'reinforcement (grpo)';
  return [
    `tasks: ${tasks}, by hash of the prompt ${sizes}`,
    model === undefined
      ? `model: a fresh small one over the file's ${environment.symbols.length} characters; --model <folder> starts from a trained one`
      : `model: ${model}`,
    `plan: ${plan}`,
    `score: 1 where ${graderWords[grader.name]}, else 0`,
    ...(grader.refused > 0 && grader.of > 0
      ? [
          `careful: ${grader.refused} of ${grader.of} worked completions score 0 by this; --set environment.grader=… chooses another`,
        ]
      : []),
    ...(size('test') < 30
      ? [
          `only ${size('test')} held-out test task(s): expect wide intervals; --set environment.test=0.4 holds out more`,
        ]
      : []),
  ];
}
