/** Runs a grader on a sample: whatever goes wrong becomes flags, never a throw. */
import type { GradingContext, GradingInput, JudgeAnswer, Sandbox } from './context.ts';
import { FormulaError, parseFormula } from './formula.ts';
import { labelModel, scoreModel } from './judge.ts';
import { graderNamed } from './normalise.ts';
import { type GraderErrors, type GraderResult, GradingError, noErrors } from './result.ts';
import type { GraderOf, MultiGrader, OpenAIGrader, SingleGrader } from './schema.ts';
import { cosine, textSimilarity } from './similarity/index.ts';
import { stringCheck } from './string-check.ts';
import { render, UnknownVariableError } from './template.ts';

interface Outcome {
  reward: number;
  answer?: JudgeAnswer;
}

/** What a code grader or an endpoint must give: a finite number. */
function asReward(value: unknown, whose: string, flags: Partial<GraderErrors>): number {
  const reward = typeof value === 'boolean' ? Number(value) : value;
  if (typeof reward === 'number' && Number.isFinite(reward)) return reward;
  throw new GradingError(
    `${whose} returned ${JSON.stringify(value) ?? String(value)}, expected a number`,
    flags,
  );
}

async function inSandbox(
  sandbox: Sandbox | undefined,
  { source, type }: GraderOf<'python' | 'javascript'>,
  input: GradingInput,
  signal: AbortSignal,
): Promise<Outcome> {
  if (sandbox === undefined)
    throw new GradingError(`${type} graders are not available here`, {
      python_grader_server_error: true,
      python_grader_server_error_type: 'unavailable',
    });
  return { reward: await sandbox.grade(source, input, signal) };
}

async function fromEndpoint(
  { url, headers = {} }: GraderOf<'endpoint'>,
  input: GradingInput,
  { post }: GradingContext,
  signal: AbortSignal,
): Promise<Outcome> {
  if (post === undefined)
    throw new GradingError('endpoint graders are not available here', { other_error: true });
  let answer: unknown;
  try {
    answer = await post(url, headers, input, signal);
  } catch (error) {
    throw new GradingError(
      `the endpoint failed: ${(error as Error).message}`,
      { other_error: true },
      { cause: error },
    );
  }
  const value = typeof answer === 'object' && answer !== null && 'reward' in answer ? answer.reward : answer;
  return { reward: asReward(value, 'the endpoint', { other_error: true }) };
}

async function similarity(
  { evaluation_metric: metric }: GraderOf<'text_similarity'>,
  text: string,
  reference: string,
  { embed }: GradingContext,
  signal: AbortSignal,
): Promise<number> {
  if (metric !== 'cosine') return textSimilarity(metric, text, reference);
  if (embed === undefined)
    throw new GradingError('cosine needs a model that embeds, and none is set up', { other_error: true });
  // Models have no vector for no text.
  if (text === '' || reference === '') return 0;
  const [a, b] = await embed([text, reference], signal);
  return cosine(a, b);
}

async function runSingle(
  grader: SingleGrader,
  input: GradingInput,
  context: GradingContext,
  signal: AbortSignal,
): Promise<Outcome> {
  const text = (template: string) => render(template, input);
  switch (grader.type) {
    case 'string_check':
      return { reward: stringCheck(grader.operation, text(grader.input), text(grader.reference)) };
    case 'text_similarity':
      return {
        reward: await similarity(grader, text(grader.input), text(grader.reference), context, signal),
      };
    case 'score_model':
      return await scoreModel(grader, input, context, signal);
    case 'label_model':
      return await labelModel(grader, input, context, signal);
    case 'python':
      return await inSandbox(context.python, grader, input, signal);
    case 'javascript':
      return await inSandbox(context.javascript, grader, input, signal);
    case 'endpoint':
      return await fromEndpoint(grader, input, context, signal);
  }
}

const emptyResult = (): GraderResult => ({
  reward: 0,
  errors: noErrors(),
  problems: [],
  scores: {},
  usage: {},
  sampledModel: null,
});

/** Notes a failure in a result. */
function note(result: GraderResult, name: string, error: unknown): void {
  const flags: Partial<GraderErrors> =
    error instanceof GradingError
      ? error.flags
      : error instanceof UnknownVariableError
        ? { invalid_variable_error: true }
        : error instanceof FormulaError
          ? { formula_parse_error: true }
          : { other_error: true };
  Object.assign(result.errors, flags);
  result.problems.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
}

/** Runs one grader, notes its score, its judge's tokens and what went wrong; its reward, 0 where it failed. */
async function runNamed(
  name: string,
  grader: SingleGrader,
  input: GradingInput,
  context: GradingContext,
  signal: AbortSignal,
  result: GraderResult,
): Promise<number> {
  let reward = 0;
  try {
    const outcome = await runSingle(grader, input, context, signal);
    reward = outcome.reward;
    if (outcome.answer) {
      const { model, usage } = outcome.answer;
      const before = result.usage[model] ?? { prompt_tokens: 0, completion_tokens: 0, cached_tokens: 0 };
      result.usage[model] = {
        prompt_tokens: before.prompt_tokens + usage.prompt_tokens,
        completion_tokens: before.completion_tokens + usage.completion_tokens,
        cached_tokens: before.cached_tokens + usage.cached_tokens,
      };
      result.sampledModel = model;
    }
  } catch (error) {
    signal.throwIfAborted();
    note(result, name, error);
  }
  result.scores[name] = reward;
  return reward;
}

async function runMulti(
  grader: MultiGrader,
  input: GradingInput,
  context: GradingContext,
  signal: AbortSignal,
): Promise<GraderResult> {
  const result = emptyResult();
  await Promise.all(
    Object.entries(grader.graders).map(([name, one]) => runNamed(name, one, input, context, signal, result)),
  );
  if (result.problems.length > 0) return result;
  try {
    const formula = parseFormula(grader.calculate_output);
    const values = Object.fromEntries(
      [...formula.names].map((name) => [name, result.scores[graderNamed(name, grader.graders) ?? name]]),
    );
    const reward = formula.evaluate(values);
    if (!Number.isFinite(reward)) throw new FormulaError(`it comes to ${reward}`);
    result.reward = reward;
  } catch (error) {
    note(result, 'calculate_output', error);
  }
  return result;
}

/** Grades a sample. Rejects only with the signal's reason when that is aborted. */
export async function runGrader(
  grader: OpenAIGrader,
  input: GradingInput,
  context: GradingContext,
  signal: AbortSignal,
): Promise<GraderResult> {
  if (grader.type === 'multi') return await runMulti(grader, input, context, signal);
  const result = emptyResult();
  result.reward = await runNamed(grader.name, grader, input, context, signal, result);
  return result;
}
