/** A job's grader as the training loop wants it, with counts of what it scored and why it failed, for the job's events. */

import { failed, graded } from '../../graders/index.ts';
import {
  type GivenGrader,
  type GraderErrors,
  type GraderResult,
  type GradingContext,
  hasFailed,
  normaliseGrader,
  type OpenAIGrader,
  runGrader,
  singleGraders,
} from '../../graders/openai/index.ts';
import type { Grade, Grader, Task } from '../../types/index.ts';
import { toolCallsOf } from '../chat/tool-calls.ts';
import type { ItemData } from '../dataset/lines.ts';

export interface JobGraderOptions {
  /** Outputs have to be JSON: graders get them parsed. */
  wantsJson: boolean;
  /** What becomes of an output that could not be graded. */
  failedGrades: 'retry' | 'drop' | 'zero';
}

/** Figures of the outputs graded since the last look. */
export interface GradingFigures {
  count: number;
  /** Mean reward of those that were graded. */
  rewardMean: number;
  graders: { name: string; type: string; rewardMean: number; seconds: number }[];
  /** How many failed, by the flag that says why. */
  errors: Record<string, number>;
  failed: number;
}

/** Tries of a grader that fails. */
const MOST_TRIES = 3;

/** Grades outputs, and keeps count. */
export class JobGrader implements Grader<ItemData> {
  readonly name = 'grader';
  private readonly grader: OpenAIGrader;
  private readonly context: GradingContext;
  private readonly options: JobGraderOptions;
  private results: { result: GraderResult; seconds: number }[] = [];

  constructor(grader: GivenGrader, context: GradingContext, options: JobGraderOptions) {
    this.grader = normaliseGrader(grader);
    this.context = context;
    this.options = options;
  }

  async grade(
    { task, completion }: Parameters<Grader<ItemData>['grade']>[0],
    signal: AbortSignal,
  ): Promise<Grade> {
    const { failedGrades, wantsJson } = this.options;
    const sample = { ...toolCallsOf(completion), ...(wantsJson ? parsedJson(completion) : {}) };
    const input = { sample: { ...sample, choices: [{ message: sample }] }, item: task.data.item };
    const started = performance.now();
    let result = await runGrader(this.grader, input, this.context, signal);
    for (let tries = 1; hasFailed(result) && failedGrades === 'retry' && tries < MOST_TRIES; tries++)
      result = await runGrader(this.grader, input, this.context, signal);
    this.results.push({ result, seconds: (performance.now() - started) / 1000 });
    if (!hasFailed(result)) return graded(result.reward, result.scores);
    return failedGrades === 'zero' ? graded(0, result.scores) : failed(result.problems.join('; '));
  }

  /** Grades an empty output, so that whatever has to start has started. */
  async warmUp(task: Task<ItemData>, signal: AbortSignal): Promise<void> {
    const sample = { output_text: '', output_tools: [] };
    await runGrader(this.grader, { sample, item: task.data.item }, this.context, signal);
  }

  /** Figures since the last call. */
  take(): GradingFigures {
    const all = this.results;
    this.results = [];
    const sound = all.filter(({ result }) => !hasFailed(result));
    const mean = (values: readonly number[]) =>
      values.length === 0 ? 0 : values.reduce((sum, x) => sum + x, 0) / values.length;
    const errors: Record<string, number> = {};
    for (const { result } of all)
      for (const [flag, value] of Object.entries(result.errors) as [keyof GraderErrors, unknown][])
        if (value === true) errors[flag] = (errors[flag] ?? 0) + 1;
    const seconds = mean(all.map((one) => one.seconds));
    return {
      count: all.length,
      failed: all.length - sound.length,
      rewardMean: mean(sound.map(({ result }) => result.reward)),
      graders: singleGraders(this.grader).map(({ path, grader }) => {
        const name = String(path[path.length - 1] ?? grader.name);
        const scores = sound.map(({ result }) => result.scores[name] ?? 0);
        return { name, type: grader.type, rewardMean: mean(scores), seconds };
      }),
      errors,
    };
  }
}

function parsedJson(text: string): { output_json?: unknown } {
  try {
    return { output_json: JSON.parse(text) };
  } catch {
    return {};
  }
}
