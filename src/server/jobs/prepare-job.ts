/** Reads a job's files, says what is wrong with them, and works out what its worker is to do. */

import type { TrafficData } from '../../methods/index.ts';
import { renderPrompt } from '../../rollout/index.ts';
import { loadTokenizer } from '../../text/index.ts';
import type { Task } from '../../types/index.ts';
import { LineError } from '../dataset/lines.ts';
import { type Dataset, problemsText, readDataset } from '../dataset/read-dataset.ts';
import type { Files } from '../files/files.ts';
import type { Models } from '../models/models.ts';
import { itemCheck } from './create-job.ts';
import type { Job } from './job.ts';
import { burnishOf, type JobMethod, outputFormat } from './method-schema.ts';
import { type DatasetFacts, recipeOf, resolveMethod } from './resolve.ts';
import type { FineTuneSpec } from './spec.ts';

/** Fewer examples than this get a warning. */
const FEW = 10;

export interface PreparedJob {
  /** What keeps the job from running. */
  problem?: { message: string; param: string };
  warnings: string[];
  /** With every `auto` as a number. */
  method: JobMethod;
  facts: DatasetFacts;
  spec(folder: string, asked: Pick<FineTuneSpec, 'judge' | 'answers' | 'embedder'>): FineTuneSpec;
}

/** Throws an ApiError where the model or a file is gone by now. */
export async function prepareJob(job: Job, models: Models, files: Files): Promise<PreparedJob> {
  const model = await models.get(job.model);
  const shape = await models.shape(job.model);
  const tokenizer = await loadTokenizer(model.folder);
  const grader = job.method.type === 'reinforcement' ? job.method.reinforcement.grader : null;
  const checkItem = itemCheck(grader);
  let longestPrompt = 0;
  const check = (task: Task) => {
    if (job.method.type === 'traffic') {
      checkTurns(task.data as TrafficData, shape.maxPositions, tokenizer.vocabSize);
      longestPrompt = 1;
      return;
    }
    let length: number;
    try {
      const reply = task.completion === undefined ? 0 : tokenizer.encode(task.completion).length + 1;
      const prompt = renderPrompt(task, tokenizer).length;
      longestPrompt = Math.max(longestPrompt, prompt);
      length = prompt + Math.max(1, reply);
    } catch (error) {
      throw new LineError((error as Error).message);
    }
    if (length > shape.maxPositions)
      throw new LineError(`it takes ${length} tokens; the model has room for ${shape.maxPositions}`);
    checkItem(task);
  };
  const read = async (id: string) => {
    await files.get(id);
    return await readDataset(files.path(id), job.method.type, check);
  };
  const train = await read(job.training_file);
  const validation = job.validation_file === null ? undefined : await read(job.validation_file);
  const facts: DatasetFacts = {
    items: train.tasks.length,
    validationItems: validation?.tasks.length ?? 0,
    longestPrompt,
    ...shape,
  };
  const method = train.tasks.length === 0 ? job.method : resolveMethod(job.method, facts);
  return {
    problem: problemOf(train, 'training_file') ?? (validation && problemOf(validation, 'validation_file')),
    warnings: [...ignoredParts(job), ...warningsOf(train, validation)],
    method,
    facts,
    spec: (folder, asked) => {
      const reinforcement = method.type === 'reinforcement' ? method.reinforcement : undefined;
      return {
        job: job.id,
        folder,
        kind: method.type,
        trainingFile: files.path(job.training_file),
        validationFile: job.validation_file === null ? null : files.path(job.validation_file),
        recipe: recipeOf({ ...job, method }, model.folder, facts),
        grader: reinforcement?.grader ?? null,
        outputFormat: outputFormat(reinforcement?.response_format),
        vocabulary: facts.vocabSize,
        failedGrades: burnishOf(method).failed_grades ?? 'retry',
        ...asked,
        model: job.model,
      };
    },
  };
}

/** Throws a LineError where turns are not of this model. */
function checkTurns({ turns }: TrafficData, maxPositions: number, vocabulary: number): void {
  for (const { prompt, tokens, logprobs } of turns) {
    if (tokens.length !== logprobs.length)
      throw new LineError(`a turn has ${tokens.length} tokens and ${logprobs.length} log-probabilities`);
    if (prompt.length + tokens.length > maxPositions)
      throw new LineError(
        `a turn takes ${prompt.length + tokens.length} tokens; the model has room for ${maxPositions}`,
      );
    const foreign = [...prompt, ...tokens].find((id) => id >= vocabulary);
    if (foreign !== undefined) throw new LineError(`the model has no token ${foreign}`);
  }
}

function problemOf({ problems, tasks }: Dataset, param: string): PreparedJob['problem'] {
  if (problems.length > 0) return { message: `${param}: ${problemsText(problems)}`, param };
  return tasks.length === 0 ? { message: `${param}: it holds no examples`, param } : undefined;
}

/** Parts of a job that are kept and change nothing. */
function ignoredParts({ integrations, method }: Job): string[] {
  const warnings: string[] = [];
  if (integrations !== null && integrations.length > 0)
    warnings.push('Integrations are kept with the job; nothing is sent to them.');
  if (method.type !== 'reinforcement') return warnings;
  if (method.reinforcement.hyperparameters.reasoning_effort !== 'default')
    warnings.push('reasoning_effort changes nothing here.');
  return warnings;
}

function warningsOf(train: Dataset, validation: Dataset | undefined): string[] {
  const warnings: string[] = [];
  if (train.tasks.length < FEW)
    warnings.push(
      `The training file has ${train.tasks.length} examples; results are better with ${FEW} and more.`,
    );
  if (train.duplicates.length > 0)
    warnings.push(
      `The training file repeats ${train.duplicates.length} lines, the first of them line ${train.duplicates[0]}.`,
    );
  if (validation === undefined) return warnings;
  const known = new Set(train.tasks.map(({ prompt }) => JSON.stringify(prompt)));
  const shared = validation.tasks.filter(({ prompt }) => known.has(JSON.stringify(prompt))).length;
  if (shared > 0) warnings.push(`${shared} prompts of the validation file are in the training file too.`);
  return warnings;
}
