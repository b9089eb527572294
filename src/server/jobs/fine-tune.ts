/** Does the work of a job: reads its files, trains with the one loop, and tells of steps, validations and checkpoints. */
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { constrained } from '../../engine/index.ts';
import { exactMatch, graded } from '../../graders/index.ts';
import type { GradingContext } from '../../graders/openai/index.ts';
import { methods } from '../../methods/index.ts';
import { openStore } from '../../store/index.ts';
import {
  type EvaluationSummary,
  exportModel,
  parseRecipe,
  recipeNeeds,
  startingModel,
  type TrainEvent,
  train,
} from '../../training/index.ts';
import type { Grader, Task } from '../../types/index.ts';
import { datasetEnvironment } from '../dataset/environment.ts';
import type { ItemData } from '../dataset/lines.ts';
import { readDataset } from '../dataset/read-dataset.ts';
import { Grammars } from '../inference/grammar.ts';
import { type GradingFigures, JobGrader } from './job-grader.ts';
import { FORMAT_PARAM } from './method-schema.ts';
import { ResultLines } from './result-lines.ts';
import type { FineTuneSpec } from './spec.ts';
import { type TokenFigures, tokenFigures } from './token-figures.ts';
import type { FromWorker } from './worker-messages.ts';

/** Kept conversations have their rewards; nothing new is judged. */
const UNJUDGED: Grader = { name: 'none', grade: () => graded(0) };
/** Share of failed grades in a step above which a warning is told. */
const MANY_FAILED = 0.1;

/** Runs or goes on with a job. Messages are told in order; the last one says how it ended. */
export async function fineTune(
  spec: FineTuneSpec,
  context: GradingContext,
  tell: (message: FromWorker) => void,
  signal: AbortSignal,
): Promise<void> {
  const tasksOf = async (path: string) => (await readDataset(path, spec.kind)).tasks;
  const trainTasks = await tasksOf(spec.trainingFile);
  const validation = spec.validationFile === null ? undefined : await tasksOf(spec.validationFile);
  const grader =
    spec.grader === null
      ? undefined
      : new JobGrader(spec.grader, context, {
          wantsJson: spec.outputFormat !== null,
          failedGrades: spec.failedGrades,
        });
  const environment = datasetEnvironment(
    trainTasks,
    validation,
    (grader ?? (spec.kind === 'traffic' ? UNJUDGED : exactMatch())) as Grader,
  );
  const recipe = parseRecipe(spec.recipe, methods);
  const { engine: plain, tokenizer } = await startingModel(recipe, [], {
    valueHead: recipeNeeds(recipe, methods).valueHead,
  });
  const { outputFormat } = spec;
  const grammars = new Grammars(tokenizer, spec.vocabulary);
  const engine =
    outputFormat === null ? plain : constrained(plain, () => grammars.constraint(outputFormat, FORMAT_PARAM));
  await mkdir(spec.folder, { recursive: true });
  const store = await openStore(join(spec.folder, 'run.db'));
  const run = spec.job;
  const resume = (await store.run(run)) !== undefined || existsSync(join(spec.folder, 'snapshots'));
  const teller = new Teller(spec, grader, tell, recipe.stages[0].steps ?? 0);
  try {
    // Interpreters take seconds to start: not within the time limit of the first output.
    if (grader !== undefined) await grader.warmUp(trainTasks[0] as Task<ItemData>, signal);
    teller.recall((await store.run(run)) === undefined ? [] : await store.metrics(run));
    const result = await train({
      recipe,
      methods,
      engine,
      tokenizer,
      environment,
      store,
      run,
      folder: spec.folder,
      resume,
      signal,
      onEvent: (event) => teller.hear(event),
      onEvaluated: async (step, summary) => {
        const figures =
          spec.kind === 'supervised' && validation !== undefined
            ? await tokenFigures(engine, tokenizer, validation)
            : undefined;
        teller.evaluated(step, summary, figures);
        if (step === 0) return;
        const folder = join(spec.folder, 'checkpoints', `step-${step}`);
        await mkdir(join(spec.folder, 'checkpoints'), { recursive: true });
        if (!existsSync(folder)) await exportModel(engine, folder);
        tell({ kind: 'checkpoint', step, folder, metrics: teller.checkpointMetrics(step, summary) });
      },
    });
    if (result.status === 'interrupted') tell({ kind: 'stopped', step: result.step });
    else
      tell({
        kind: 'finished',
        trainedTokens: await trainedTokens(store, run),
        folder: result.summary.model,
        results: teller.results.text,
      });
  } finally {
    await store.close();
    engine.dispose();
  }
}

async function trainedTokens(store: Awaited<ReturnType<typeof openStore>>, run: string): Promise<number> {
  const series = (await store.metrics(run)).find(({ name }) => name === 'tokens.trained');
  return series?.values.reduce((sum, x) => sum + x, 0) ?? 0;
}

/** Makes the job's events of the run's. */
class Teller {
  readonly results: ResultLines;
  private readonly spec: FineTuneSpec;
  private readonly grader: JobGrader | undefined;
  private readonly tell: (message: FromWorker) => void;
  private readonly total: number;
  private readonly hasValidation: boolean;
  private train: Record<string, number> = {};
  private figures: GradingFigures | undefined;
  private validTokens: TokenFigures | undefined;
  private stepSeconds = 0;

  constructor(
    spec: FineTuneSpec,
    grader: JobGrader | undefined,
    tell: (message: FromWorker) => void,
    total: number,
  ) {
    this.spec = spec;
    this.grader = grader;
    this.tell = tell;
    this.total = total;
    this.hasValidation = spec.validationFile !== null;
    this.results = new ResultLines(spec.kind);
  }

  /** Fills the result lines with what an earlier sitting measured. */
  recall(series: readonly { name: string; steps: number[]; values: number[] }[]): void {
    this.results.recall(series, this.hasValidation);
  }

  hear(event: TrainEvent): void {
    if (event.type === 'step.finished') this.step(event.step, event.data.metrics);
    else if (event.type === 'health.finding')
      this.tell({
        kind: 'event',
        key: `health ${event.step} ${event.data.rule}`,
        level: 'warn',
        message: `Step ${event.step}: ${event.data.message}`,
      });
    else if (event.type === 'run.warning')
      this.tell({
        kind: 'event',
        key: `warning ${event.step} ${event.data.message}`,
        level: 'warn',
        message: event.data.message,
      });
  }

  private step(step: number, metrics: Record<string, number>): void {
    this.train = metrics;
    this.figures = this.grader?.take();
    this.results.addStep(step, metrics);
    const seconds = metrics['time.step'] ?? 0;
    this.stepSeconds = this.stepSeconds === 0 ? seconds : 0.8 * this.stepSeconds + 0.2 * seconds;
    const data =
      this.spec.kind === 'reinforcement' ? this.reinforcementData(step) : this.supervisedData(step);
    const headline =
      'reward.mean' in metrics
        ? `train mean reward=${round(metrics['reward.mean'])}`
        : `training loss=${round(metrics.loss)}`;
    this.tell({
      kind: 'event',
      key: `step ${step}`,
      type: 'metrics',
      message: `Step ${step}/${this.total}: ${headline}`,
      data,
    });
    const { figures } = this;
    if (figures !== undefined && figures.failed > MANY_FAILED * figures.count)
      this.tell({
        kind: 'event',
        key: `grader errors ${step}`,
        level: 'warn',
        message: `Step ${step}: ${figures.failed} of ${figures.count} outputs could not be graded (${Object.keys(figures.errors).join(', ')})`,
      });
    this.tell({ kind: 'progress', trainedTokens: 0, secondsLeft: (this.total - step) * this.stepSeconds });
  }

  private burnishData(): Record<string, unknown> {
    const names = [
      'kl',
      'entropy',
      'clipShare',
      'ratio.max',
      'groups.zeroVariance',
      'logprobGap.max',
      'time.tokensPerSecond',
      'learningRate',
      'gradNorm',
    ];
    return Object.fromEntries(
      names.flatMap((name) => (name in this.train ? [[name, this.train[name]]] : [])),
    );
  }

  private supervisedData(step: number): Record<string, unknown> {
    const { loss, accuracy } = this.train;
    return {
      step,
      total_steps: this.total,
      train_loss: loss,
      ...(accuracy === undefined ? {} : { train_mean_token_accuracy: accuracy }),
      burnish: this.burnishData(),
    };
  }

  private reinforcementData(step: number): Record<string, unknown> {
    const { train, figures } = this;
    const graders = figures?.graders ?? [];
    return {
      step,
      total_steps: this.total,
      train_mean_reward: train['reward.mean'],
      completion_tokens_mean: train['length.mean'],
      mean_unresponsive_rewards:
        figures === undefined || figures.count === 0 ? 0 : figures.failed / figures.count,
      scores: {
        train_reward_mean: train['reward.mean'],
        graders: graders.map(({ name, type, rewardMean }) => ({ name, type, train_reward_mean: rewardMean })),
      },
      errors: { graders: graders.map(({ name, type }) => ({ name, type, ...errorCounts(figures) })) },
      timing: {
        step: {
          sampling: train['time.sample'],
          training: train['time.train'],
          full_iteration: train['time.step'],
        },
        graders: graders.map(({ name, seconds }) => ({ name, train_execution_latency_mean: seconds })),
      },
      burnish: this.burnishData(),
    };
  }

  /** Tells of a validation. */
  evaluated(step: number, summary: EvaluationSummary, tokens: TokenFigures | undefined): void {
    this.grader?.take();
    this.validTokens = tokens;
    if (!this.hasValidation) return;
    const reward = summary.meanScore.estimate;
    this.results.addValidation(step, reward);
    this.tell({
      kind: 'event',
      key: `validation ${step}`,
      type: 'metrics',
      message: `Step ${step}/${this.total}: full validation mean reward=${round(reward)}`,
      data: {
        step,
        total_steps: this.total,
        full_valid_mean_reward: reward,
        ...this.validFigures(),
        full_valid_mean_parse_error: summary.failed / (summary.tasks * summary.samples),
        burnish: { low: summary.meanScore.low, high: summary.meanScore.high, tasks: summary.tasks },
      },
    });
  }

  /** Figures of a validation file are of the whole of it. */
  private validFigures(): Record<string, number> {
    if (this.validTokens === undefined) return {};
    const { loss, accuracy } = this.validTokens;
    return {
      valid_loss: loss,
      valid_mean_token_accuracy: accuracy,
      full_valid_loss: loss,
      full_valid_mean_token_accuracy: accuracy,
    };
  }

  checkpointMetrics(step: number, summary: EvaluationSummary): Record<string, number> {
    const own: Record<string, number> = { step };
    if (this.train.loss !== undefined && this.spec.kind !== 'reinforcement') own.train_loss = this.train.loss;
    if (this.train.accuracy !== undefined) own.train_mean_token_accuracy = this.train.accuracy;
    if (this.train['reward.mean'] !== undefined) own.train_reward_mean = this.train['reward.mean'];
    if (this.hasValidation) own.valid_reward_mean = summary.meanScore.estimate;
    return { ...own, ...this.validFigures() };
  }
}

function errorCounts(figures: GradingFigures | undefined): Record<string, number> {
  if (figures === undefined || figures.count === 0) return {};
  return Object.fromEntries(
    Object.entries(figures.errors).flatMap(([flag, count]) => [
      [`train_${flag}_mean`, count / figures.count],
      [`train_${flag}_count`, count],
    ]),
  );
}

const round = (x: number | undefined) => (x === undefined ? '?' : x.toFixed(4));
