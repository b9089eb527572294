/** Makes the environment that a recipe names: a built-in one, a file of tasks, or one of the recipe's own. */
import { z } from 'zod';
import { conjugated, createEnvironment, type JsonlData, loadJsonl } from '../../environments/index.ts';
import { truthful } from '../../graders/index.ts';
import { textTransforms } from '../../text/index.ts';
import { RecipeError, unknownWord } from '../../training/index.ts';
import type { Environment, Grader } from '../../types/index.ts';
import { asUsage, CliError } from '../errors.ts';
import type { LoadedRecipe } from '../recipe/load-recipe.ts';
import { fileGrader, fileGraderNames, isFileGrader } from './file-graders.ts';

export interface MadeEnvironment {
  environment: Environment;
  /** What the user should know, one line each. */
  notes: string[];
}

type EnvironmentSettings = { name?: string; file?: string } & Record<string, unknown>;

/**
 * The environment of a parsed recipe. `conjugate` asks any environment through a transformation (see `conjugated`). A file of tasks takes three keys beside those of its reader: `grader` (see
 * `fileGrader`); `demonstrations: answer`, which makes the first answer the worked completion of lines
 * that have none; and `abstain`, a list of phrases that say "I do not know" (see `truthful`). Throws a CliError or RecipeError that says what is wrong.
 */
export async function makeEnvironment(
  { conjugate, ...settings }: EnvironmentSettings,
  own: Pick<LoadedRecipe, 'environment' | 'grader'> = {},
): Promise<MadeEnvironment> {
  const made = await makePlain(settings, own.environment);
  const { grader } = own;
  const environment = grader === undefined ? made.environment : { ...made.environment, grader };
  return { ...made, environment: askedOtherwise(environment, conjugate) };
}

/** The environment through the named transformation of its texts, if one is named; see `conjugated`. */
function askedOtherwise(environment: Environment, conjugate: unknown): Environment {
  if (conjugate === undefined) return environment;
  const transform = textTransforms.get(String(conjugate));
  if (transform === undefined)
    throw new RecipeError([
      `environment.conjugate: ${unknownWord('transformation', String(conjugate), [...textTransforms.keys()])}`,
    ]);
  return conjugated(environment, transform);
}

async function makePlain(
  settings: EnvironmentSettings,
  own: Environment | undefined,
): Promise<MadeEnvironment> {
  const { name, file, ...options } = settings;
  if (own !== undefined) {
    if (name !== own.name)
      throw new CliError(
        `environment.name: ${JSON.stringify(name)} given, but the recipe exports the environment '${own.name}'`,
      );
    return { environment: own, notes: [] };
  }
  if (file !== undefined) return await makeFromFile(file, options);
  return { environment: await asUsage(() => createEnvironment(name ?? '', options)), notes: [] };
}

async function makeFromFile(file: string, settings: Record<string, unknown>): Promise<MadeEnvironment> {
  const { grader = 'exact', demonstrations, abstain, ...options } = settings;
  if (!isFileGrader(grader))
    throw new RecipeError([
      `environment.grader: ${unknownWord('grader', String(grader), fileGraderNames)}; a TypeScript recipe can export its own`,
    ]);
  if (demonstrations !== undefined && demonstrations !== 'answer')
    throw new RecipeError([
      `environment.demonstrations: ${JSON.stringify(demonstrations)} given: expected "answer", or nothing`,
    ]);
  const { environment, problems } = await asUsage(() =>
    loadJsonl(file, { ...options, grader: fileGrader(grader) as Grader<JsonlData> }),
  );
  const notes = problems.map(({ line, reason }) => `${file}: line ${line} was left out: ${reason}`);
  const erased = await asUsage(() => abstaining(environment as unknown as Environment, abstain));
  return { environment: demonstrations === 'answer' ? withAnswers(erased) : erased, notes };
}

/** The same tasks; the first answer is the worked completion where there is none. */
function withAnswers(environment: Environment): Environment {
  return {
    ...environment,
    task(split, index) {
      const task = environment.task(split, index);
      const { answer } = task.data as { answer: string | string[] };
      return { ...task, completion: task.completion ?? [answer].flat()[0] };
    },
  };
}

/** The same tasks, graded with three outcomes where phrases of abstention are given; a fresh model knows their characters. */
function abstaining(environment: Environment, abstain: unknown): Environment {
  if (abstain === undefined) return environment;
  const phrases = z.array(z.string()).min(1).safeParse(abstain);
  if (!phrases.success)
    throw new CliError(
      `environment.abstain: ${JSON.stringify(abstain)} given: expected a list of phrases, such as ["I don't know"]`,
    );
  const { grader, symbols } = environment;
  const all = new Set([...symbols, ...phrases.data.flatMap((phrase) => [...phrase])]);
  return { ...environment, symbols: [...all], grader: truthful({ grader, abstain: phrases.data }) };
}
