/** `{{ item.answer }}`: placeholders in a grader's texts, filled from the dataset line and the model's output. */

/** What templates may read. */
export interface TemplateScope {
  item: unknown;
  sample: unknown;
}

/** A placeholder that names nothing. */
export class UnknownVariableError extends Error {
  override name = 'UnknownVariableError';
  readonly path: string;

  constructor(path: string, known: readonly string[]) {
    super(`there is no '${path}'${known.length > 0 ? `; there are ${known.slice(0, 12).join(', ')}` : ''}`);
    this.path = path;
  }
}

const PLACEHOLDER = /\{\{(.*?)\}\}/gs;
const PATH = /^\s*(item|sample)((?:\.[^\s.[\]{}]+|\[\d+\])*)\s*$/;
const STEP = /\.([^\s.[\]{}]+)|\[(\d+)\]/g;

type Step = string | number;

function stepsOf(text: string): { root: keyof TemplateScope; steps: Step[] } | undefined {
  const match = PATH.exec(text);
  if (match === null) return undefined;
  const steps = Array.from(match[2].matchAll(STEP), ([, key, index]) => key ?? Number(index));
  return { root: match[1] as keyof TemplateScope, steps };
}

/** Texts of the placeholders of a template, such as `item.answer`. */
export function placeholders(template: string): string[] {
  return Array.from(template.matchAll(PLACEHOLDER), ([, path]) => path.trim());
}

/** The value at a path. Throws an UnknownVariableError that lists what is there instead. */
export function lookUp(path: string, scope: TemplateScope): unknown {
  const parsed = stepsOf(path);
  if (parsed === undefined) throw new UnknownVariableError(path.trim(), ['item.…', 'sample.…']);
  let value: unknown = scope[parsed.root];
  let at: string = parsed.root;
  for (const step of parsed.steps) {
    const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, step);
    if (!isThere) throw new UnknownVariableError(path.trim(), membersOf(value, at));
    value = (value as Record<Step, unknown>)[step];
    at = typeof step === 'number' ? `${at}[${step}]` : `${at}.${step}`;
  }
  return value;
}

function membersOf(value: unknown, at: string): string[] {
  if (Array.isArray(value)) return value.length > 0 ? [`${at}[0] to ${at}[${value.length - 1}]`] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).map((key) => `${at}.${key}`);
}

/** A value as text: strings as they are, nothing for null, all else as compact JSON. */
export function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === null || value === undefined ? '' : JSON.stringify(value);
}

/**
 * A template with its placeholders filled. What is filled in is data: placeholders in it are left as they are. Throws an
 * UnknownVariableError.
 */
export function render(template: string, scope: TemplateScope): string {
  return template.replace(PLACEHOLDER, (_, path: string) => asText(lookUp(path, scope)));
}
