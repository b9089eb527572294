/** Takes up a job: checks everything that can be checked at once, then its files line by line. */
import { randomInt } from 'node:crypto';
import { z } from '@hono/zod-openapi';
import {
  type GivenGrader,
  GraderError,
  lookUp,
  normaliseGrader,
  placeholders,
  singleGraders,
  templatesOf,
  UnknownVariableError,
} from '../../graders/openai/index.ts';
import { methods } from '../../methods/index.ts';
import { loadTokenizer } from '../../text/index.ts';
import { parseRecipe, RecipeError } from '../../training/index.ts';
import type { Task } from '../../types/index.ts';
import { type ItemData, LineError } from '../dataset/lines.ts';
import { invalid } from '../errors.ts';
import type { Files } from '../files/files.ts';
import { newId, nowSeconds } from '../ids.ts';
import { Grammars } from '../inference/grammar.ts';
import type { Models } from '../models/models.ts';
import type { ModelNames } from '../models/names.ts';
import { selectTraffic } from '../traffic/select-traffic.ts';
import type { StoredChats } from '../traffic/stored-chats.ts';
import { integrationsSchema, type Job, metadataSchema } from './job.ts';
import {
  burnishOf,
  FORMAT_PARAM,
  type JobMethod,
  methodSchema,
  outputFormat,
  supervisedHyperparameters,
} from './method-schema.ts';
import { type DatasetFacts, recipeOf, resolveMethod } from './resolve.ts';

export const createJobSchema = z
  .strictObject({
    model: z.string().min(1),
    /** Not given where the method is `traffic`: the kept chats are its file. */
    training_file: z.string().min(1).optional(),
    validation_file: z.string().min(1).nullable().optional(),
    suffix: z.string().min(1).max(64).nullable().optional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .nullable()
      .optional(),
    metadata: metadataSchema.nullable().optional(),
    integrations: integrationsSchema.nullable().optional(),
    method: methodSchema.optional(),
    /** The old place of a supervised job's hyperparameters. */
    hyperparameters: supervisedHyperparameters.optional(),
  })
  .openapi('CreateFineTuningJob');

export type CreateJob = z.infer<typeof createJobSchema>;

const path = (...parts: (string | number)[]) => parts.join('.');

/** The grader as it will run. Throws a 400 that names the member; `at` is where the grader lies in the request. */
export function acceptedGrader(grader: GivenGrader, at: string, embeds: boolean): GivenGrader {
  try {
    const normal = normaliseGrader(grader);
    for (const { path: where, grader: one } of singleGraders(normal))
      if (one.type === 'text_similarity' && one.evaluation_metric === 'cosine' && !embeds)
        throw new GraderError('cosine needs a model that embeds: start the server with --embedding-model', [
          ...where,
          'evaluation_metric',
        ]);
    return normal;
  } catch (error) {
    if (!(error instanceof GraderError)) throw error;
    throw invalid(`Invalid grader: ${error.message}.`, path(at, ...error.path), 'invalid_grader');
  }
}

/** Says which template of a grader reads what an item does not have. Throws a LineError. */
export function itemCheck(grader: GivenGrader | null): (task: Task) => void {
  if (grader === null) return () => undefined;
  const paths = singleGraders(normaliseGrader(grader)).flatMap(({ grader: one }) =>
    templatesOf(one).flatMap(({ template }) => placeholders(template).filter((text) => /^item\b/.test(text))),
  );
  return (task) => {
    const { item } = task.data as ItemData;
    for (const text of paths)
      try {
        lookUp(text, { item, sample: {} });
      } catch (error) {
        if (!(error instanceof UnknownVariableError)) throw error;
        throw new LineError(`the grader reads what it does not have: ${error.message}`);
      }
  };
}

/** The method of a request, its grader in the form that runs. */
function methodOf({ method, hyperparameters }: CreateJob, embeds: boolean): JobMethod {
  if (method === undefined)
    return {
      type: 'supervised',
      supervised: { hyperparameters: hyperparameters ?? supervisedHyperparameters.parse({}) },
    };
  if (method.type !== 'reinforcement') return method;
  const grader = acceptedGrader(method.reinforcement.grader, 'method.reinforcement.grader', embeds);
  return { ...method, reinforcement: { ...method.reinforcement, grader } };
}

/** What the model itself tells. */
type ModelFacts = Pick<DatasetFacts, 'hiddenSize' | 'maxPositions' | 'vocabSize'>;

/** Numbers in place of what only the files tell, to try a recipe with. */
const GUESSED: Omit<DatasetFacts, keyof ModelFacts> = {
  items: 100,
  validationItems: 0,
  longestPrompt: 1,
};

/** Throws a 400 that names the member of `burnish` that the method does not take. */
function tryRecipe(method: JobMethod, shape: ModelFacts): void {
  const facts = { ...GUESSED, ...shape };
  try {
    parseRecipe(
      recipeOf({ id: 'trial', seed: 0, method: resolveMethod(method, facts) }, 'model', facts),
      methods,
    );
  } catch (error) {
    if (!(error instanceof RecipeError)) throw error;
    const [problem] = error.problems;
    const member = /^stages\.0(?:\.|: unknown key ')([\w.]+)/.exec(problem)?.[1];
    const where = member === undefined ? [] : member === 'method' ? ['method'] : ['stage', member];
    throw invalid(problem, path('method', method.type, 'burnish', ...where), 'invalid_value');
  }
}

/** Throws a 400 where the model cannot write what the outputs' schema describes. */
async function tryFormat(method: JobMethod, folder: string, vocabulary: number): Promise<void> {
  const format = method.type === 'reinforcement' ? outputFormat(method.reinforcement.response_format) : null;
  if (format === null) return;
  const grammars = new Grammars(await loadTokenizer(folder), vocabulary);
  try {
    (await grammars.constraint(format, FORMAT_PARAM)).dispose();
  } finally {
    await grammars.dispose();
  }
}

/** Writes the kept chats of a request as a file; its id. Throws a 400 where there are none. */
async function trafficFile({ method, model }: CreateJob, files: Files, chats: StoredChats): Promise<string> {
  const filter = { model, ...(method?.type === 'traffic' ? method.traffic.filter : {}) };
  const lines = await selectTraffic(chats, filter);
  if (lines.length === 0)
    throw invalid(
      `No kept chat of '${filter.model}' with a reward fits. Chats are kept with 'store': true; rewards are attached at /v1/burnish/rewards.`,
      'method.traffic.filter',
    );
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  return (await files.write(text, { filename: 'traffic.jsonl', purpose: 'fine-tune' })).id;
}

export interface NewJobParts {
  models: Models;
  files: Files;
  chats: StoredChats;
  names: ModelNames;
  /** Whether graders can have texts embedded. */
  embeds: boolean;
}

/** Makes the job of a request. Throws what the request has wrong, or a 404 for what it names and is not there. */
export async function newJob(
  request: CreateJob,
  { models, files, chats, names, embeds }: NewJobParts,
): Promise<Job> {
  const model = await models.get(request.model);
  const isTraffic = request.method?.type === 'traffic';
  if (isTraffic !== (request.training_file === undefined))
    throw isTraffic
      ? invalid("A job of type 'traffic' makes its own file: leave out 'training_file'.", 'training_file')
      : invalid(
          "Missing required parameter: 'training_file'.",
          'training_file',
          'missing_required_parameter',
        );
  for (const param of ['training_file', 'validation_file'] as const) {
    const id = request[param];
    if (id === null || id === undefined) continue;
    const file = await files.get(id, param);
    if (file.purpose !== 'fine-tune')
      throw invalid(`The file '${id}' has purpose '${file.purpose}', expected 'fine-tune'.`, param);
    if (file.status === 'error')
      throw invalid(`The file '${id}' cannot be used: ${file.status_details}.`, param, 'invalid_file');
  }
  const method = methodOf(request, embeds);
  const { suffix = null, validation_file = null, metadata = null, integrations = null } = request;
  if (burnishOf(method).method !== undefined && !Object.hasOwn(methods, burnishOf(method).method as string))
    throw invalid(
      `There is no method '${burnishOf(method).method}'; there are ${Object.keys(methods).join(', ')}.`,
      path('method', method.type, 'burnish.method'),
    );
  const { serve_as: alias } = burnishOf(method);
  if (alias !== undefined) await names.check(alias, path('method', method.type, 'burnish.serve_as'));
  const shape = await models.shape(model.id);
  tryRecipe(method, shape);
  await tryFormat(method, model.folder, shape.vocabSize);
  return {
    id: newId('ftjob-'),
    created_at: nowSeconds(),
    finished_at: null,
    model: model.id,
    fine_tuned_model: null,
    status: 'validating_files',
    training_file: request.training_file ?? (await trafficFile(request, files, chats)),
    validation_file,
    result_files: [],
    trained_tokens: null,
    error: null,
    seed: request.seed ?? randomInt(2 ** 31),
    estimated_finish: null,
    integrations,
    metadata,
    method,
    user_provided_suffix: suffix,
    sitting: 0,
  };
}
