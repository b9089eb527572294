/** Brings a grader into the one form that runs, and says what no schema can: names, formulas, labels. */
import { FormulaError, parseFormula } from './formula.ts';
import type { GivenGrader, MultiGrader, OpenAIGrader, SingleGrader } from './schema.ts';
import { placeholders } from './template.ts';

/** What is wrong with a grader, and where in it. */
export class GraderError extends Error {
  override name = 'GraderError';
  readonly path: readonly (string | number)[];

  constructor(message: string, path: readonly (string | number)[]) {
    super(message);
    this.path = path;
  }
}

/** A name as formulas can hold it: letters, digits and underscores. */
export const identifier = (name: string) => name.replace(/\W/g, '_').replace(/^(?=\d)/, '_');

function byName(graders: Extract<GivenGrader, { type: 'multi' }>['graders']): Record<string, SingleGrader> {
  if (Array.isArray(graders)) return named(graders);
  // A single grader has a type that is a text; a sub-grader that is called `type` is an object.
  if (typeof graders.type === 'string') return named([graders as SingleGrader]);
  return graders as Record<string, SingleGrader>;
}

function named(graders: readonly SingleGrader[]): Record<string, SingleGrader> {
  const found: Record<string, SingleGrader> = {};
  graders.forEach((grader, i) => {
    const name = identifier(grader.name);
    if (Object.hasOwn(found, name))
      throw new GraderError(`the name '${name}' is taken`, ['graders', i, 'name']);
    found[name] = grader;
  });
  return found;
}

/** The sub-grader that a name in a formula means: `x`, or `x_score`. */
export function graderNamed(name: string, graders: Readonly<Record<string, unknown>>): string | undefined {
  if (Object.hasOwn(graders, name)) return name;
  const bare = name.replace(/_score$/, '');
  return Object.hasOwn(graders, bare) ? bare : undefined;
}

function checkMulti(grader: MultiGrader): void {
  const names = Object.keys(grader.graders);
  if (names.length === 0) throw new GraderError('it has no graders, expected at least one', ['graders']);
  for (const name of names)
    if (identifier(name) !== name)
      throw new GraderError(`the name '${name}' cannot stand in a formula: use letters, digits and _`, [
        'graders',
        name,
      ]);
  try {
    for (const name of parseFormula(grader.calculate_output).names)
      if (graderNamed(name, grader.graders) === undefined)
        throw new FormulaError(`there is no grader '${name}'; there are ${names.join(', ')}`);
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error;
    throw new GraderError(error.message, ['calculate_output']);
  }
}

function checkSingle(grader: SingleGrader, at: readonly (string | number)[]): void {
  if (grader.type === 'label_model') {
    const foreign = grader.passing_labels.find((label) => !grader.labels.includes(label));
    if (foreign !== undefined)
      throw new GraderError(`'${foreign}' is none of the labels`, [...at, 'passing_labels']);
  }
  for (const { path, template } of templatesOf(grader))
    for (const text of placeholders(template))
      if (!/^(item|sample)(?=[.[]|$)/.test(text))
        throw new GraderError(`'{{ ${text} }}' begins with neither item nor sample`, [...at, ...path]);
}

/** The templates of a grader, and where they are. */
export function templatesOf(grader: SingleGrader): { path: (string | number)[]; template: string }[] {
  switch (grader.type) {
    case 'string_check':
    case 'text_similarity':
      return [
        { path: ['input'], template: grader.input },
        { path: ['reference'], template: grader.reference },
      ];
    case 'score_model':
    case 'label_model':
      return grader.input.flatMap(({ content }, i) =>
        [content].flat().flatMap((part) => {
          const template = typeof part === 'string' ? part : 'text' in part ? part.text : undefined;
          return template === undefined ? [] : [{ path: ['input', i, 'content'], template }];
        }),
      );
    default:
      return [];
  }
}

/** Every single grader in a grader, and where it is. */
export function singleGraders(grader: OpenAIGrader): { path: (string | number)[]; grader: SingleGrader }[] {
  if (grader.type !== 'multi') return [{ path: [], grader }];
  return Object.entries(grader.graders).map(([name, one]) => ({ path: ['graders', name], grader: one }));
}

/** The grader in the form that runs. Throws a GraderError. */
export function normaliseGrader(given: GivenGrader): OpenAIGrader {
  const grader: OpenAIGrader = given.type === 'multi' ? { ...given, graders: byName(given.graders) } : given;
  if (grader.type === 'multi') checkMulti(grader);
  for (const { path, grader: single } of singleGraders(grader)) checkSingle(single, path);
  return grader;
}
