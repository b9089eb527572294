/** The one training loop at work: stages of steps, evaluations between them, and snapshots of it all. */
import { type Curriculum, sequential, shuffled } from '../curricula/index.ts';
import type { Engine, FrozenEngine } from '../engine/index.ts';
import { promptText } from '../rollout/index.ts';
import type { NewTrajectory } from '../store/index.ts';
import type { Tokenizer } from '../text/index.ts';
import type { Environment, Group, Split } from '../types/index.ts';
import { type Evaluation, type EvaluationSummary, evaluate } from './evaluate.ts';
import type { Recorder, TrainSummary } from './events.ts';
import { exportModel } from './export-model.ts';
import { HealthMonitor } from './health.ts';
import type { MethodInstance, MethodStep, MethodTable, Update } from './method.ts';
import { groupMetrics, sampledLogprobGap, type UpdateFigures, updateMetrics } from './metrics.ts';
import { methodConfig, type Recipe, type Stage } from './recipe.ts';
import { candidate, type RunState } from './run-state.ts';
import { type SnapshotFolder, snapshotName } from './snapshots.ts';
import { stageEnded, stageLearningRate, totalSteps } from './stage-clock.ts';

/** What the run is busy with, for a live display; not recorded. */
export interface Progress {
  phase: 'sample' | 'grade' | 'score' | 'train' | 'evaluate' | 'snapshot' | 'export';
  /** Step in progress, from 1 (0: before the first). */
  step: number;
  stage: number;
  /** Tokens sampled in this phase so far. */
  tokens?: number;
}

export interface TrainerParts {
  methods: MethodTable;
  engine: Engine;
  tokenizer: Tokenizer;
  environment: Environment;
  recorder: Recorder;
  snapshots: SnapshotFolder;
  /** Folder of the exported model. */
  modelFolder: string;
  signal: AbortSignal;
  onProgress(progress: Progress): void;
}

/** A stage being run. */
interface Work {
  stage: Stage;
  index: number;
  instance: MethodInstance;
  curriculum: Curriculum;
  total: number | undefined;
  reference: FrozenEngine | undefined;
}

const now = () => performance.now() / 1000;

/** Runs a recipe from a state to its end. */
export class Trainer {
  private readonly parts: TrainerParts;
  private readonly recipe: Recipe;
  private readonly health = new HealthMonitor();
  private readonly sittingStart = now();
  private readonly secondsBefore: number;
  private saved = '';
  private updating = false;
  state: RunState;

  constructor(parts: TrainerParts, state: RunState) {
    this.parts = parts;
    this.recipe = state.recipe;
    this.state = state;
    this.secondsBefore = state.seconds;
    this.health.restore(state.health);
  }

  /** False while weights are between two steps: what went wrong then cannot be snapshot. */
  get consistent(): boolean {
    return !this.updating;
  }

  /** To the end of the last stage, and the export. Rejects with the signal's reason when it is aborted. */
  async run(): Promise<TrainSummary> {
    await this.evaluateIf(this.state.step === 0);
    await this.snapshotIf(this.state.step === 0);
    for (let index = this.state.stage; index < this.recipe.stages.length; index++) await this.runStage(index);
    return await this.finish();
  }

  /** Writes the present state, unless that was done already. */
  async snapshot(): Promise<void> {
    const { engine, snapshots, recorder } = this.parts;
    const { step, evaluatedAt, stageClosed, best } = this.state;
    const mark = JSON.stringify([step, evaluatedAt, stageClosed]);
    if (mark === this.saved) return;
    this.progress('snapshot');
    const started = now();
    this.state.seconds = this.secondsBefore + started - this.sittingStart;
    const path = await snapshots.write(snapshotName(step), engine.snapshot(), this.state);
    this.saved = mark;
    await snapshots.prune(this.recipe.snapshots.keep, best === null ? [] : [best.step]);
    recorder.emit('snapshot.saved', step, { path, seconds: now() - started, best: best?.step === step });
    await recorder.commit(step);
  }

  private progress(phase: Progress['phase'], tokens?: number): void {
    const { step, stage } = this.state;
    this.parts.onProgress({ phase, step: phase === 'evaluate' ? step : step + 1, stage, tokens });
  }

  private async snapshotIf(due: boolean): Promise<void> {
    if (due || this.state.best?.step === this.state.step) await this.snapshot();
  }

  private async runStage(index: number): Promise<void> {
    if (this.state.stage !== index)
      this.state = {
        ...this.state,
        stage: index,
        stageStep: 0,
        stageSeconds: 0,
        stageClosed: false,
        method: null,
        curriculum: null,
      };
    const work = await this.begin(index);
    const { every } = this.recipe.evaluation;
    try {
      const ended = () => stageEnded(work.stage, work.total, this.clock());
      while (!ended()) {
        this.parts.signal.throwIfAborted();
        await this.step(work);
        await this.evaluateIf(ended() || (every > 0 && this.state.step % every === 0));
        if (ended()) break;
        const cadence = this.recipe.snapshots.every;
        await this.snapshotIf(cadence > 0 && this.state.step % cadence === 0);
      }
      await this.evaluateIf(true);
      if (!this.state.stageClosed) {
        const { step, stageStep: steps, stageSeconds: seconds } = this.state;
        this.state.stageClosed = true;
        this.parts.recorder.emit('stage.finished', step, {
          stage: index,
          name: work.stage.name,
          steps,
          seconds,
        });
        await this.parts.recorder.commit(step);
        await this.snapshot();
      }
    } finally {
      work.reference?.dispose();
    }
  }

  private clock() {
    return { steps: this.state.stageStep, seconds: this.state.stageSeconds };
  }

  /** Makes the stage's method and curriculum, as they were where the state was saved. */
  private async begin(index: number): Promise<Work> {
    const { methods, engine, tokenizer, environment, recorder } = this.parts;
    const stage = this.recipe.stages[index];
    const method = methods[stage.method];
    const config = methodConfig(stage, methods);
    const reference = method.needs(config).reference ? await this.reference(index) : undefined;
    const size = environment.size('train');
    const curriculum =
      stage.curriculum === 'shuffled'
        ? shuffled(size, this.recipe.seed, 'curriculum', index)
        : sequential(size);
    const { sampling, seed } = this.recipe;
    const context = { engine, reference, tokenizer, environment, curriculum, sampling, seed, stage: index };
    const instance = method.create(config, context);
    if (this.state.curriculum !== null) curriculum.restore(this.state.curriculum);
    if (this.state.method !== null) instance.restore(this.state.method);
    const total = totalSteps(stage, instance);
    if (this.state.stageStep === 0 && !this.state.stageClosed)
      recorder.emit('stage.started', this.state.step, {
        stage: index,
        name: stage.name,
        method: stage.method,
        totalSteps: total ?? null,
      });
    return { stage, index, instance, curriculum, total, reference };
  }

  /** A frozen copy of the weights at the start of a stage: the present ones there, else the ones put aside then. */
  private async reference(index: number): Promise<FrozenEngine> {
    const { engine, snapshots } = this.parts;
    const name = `reference-stage-${index}`;
    if (this.state.stageStep === 0) {
      await snapshots.write(name, engine.snapshot(), null);
      return engine.fork();
    }
    const present = engine.snapshot();
    engine.restore((await snapshots.read(name)).engine);
    const frozen = engine.fork();
    engine.restore(present);
    return frozen;
  }

  /** One training step, committed. Given up without a trace when the signal aborts before its first update. */
  private async step(work: Work): Promise<void> {
    const { engine, recorder, signal } = this.parts;
    const started = now();
    const times: Record<string, number> = {};
    const made = await work.instance.step({
      step: this.state.step + 1,
      stageStep: this.state.stageStep + 1,
      signal,
      onTokens: (tokens) => this.progress('sample', tokens),
      onTime: (part, seconds) => {
        times[`time.${part}`] = (times[`time.${part}`] ?? 0) + seconds;
        if (part === 'sample') this.progress('grade');
      },
    });
    const groups = made.groups ?? [];
    refuseStale(groups, engine.weightsVersion, work.instance.maxStaleness ?? 0);
    const gap = 'logprobGap.max' in made.metrics ? {} : await sampledLogprobGap(engine, groups);
    signal.throwIfAborted();

    this.progress('train');
    const trainStarted = now();
    const learningRate = stageLearningRate(work.stage, work.total, this.clock());
    this.updating = true;
    const figures = await this.update(work.stage, made.updates, learningRate);
    const finished = now();
    const trained = made.updates.flatMap((update) => update.batch.sequences);
    const metrics: Record<string, number> = {
      ...groupMetrics(groups, this.recipe.evaluation.passThreshold),
      ...gap,
      ...updateMetrics(figures),
      ...made.metrics,
      learningRate,
      'tokens.trained': trained.reduce((sum, tokens) => sum + tokens.length, 0),
      ...times,
      'time.train': finished - trainStarted,
      'time.step': finished - started,
    };
    const tokens = groups.length > 0 ? metrics['tokens.sampled'] : metrics['tokens.trained'];
    metrics['time.tokensPerSecond'] = tokens / (finished - started);

    const { findings, cleared } = this.health.observe(metrics);
    this.state.step++;
    this.state.stageStep++;
    this.state.stageSeconds += finished - started;
    this.state.stageClosed = false;
    this.state.method = work.instance.state();
    this.state.curriculum = work.curriculum.state();
    this.state.health = this.health.state();
    this.updating = false;

    const { step, stageStep } = this.state;
    recorder.emit('step.finished', step, { stage: work.index, stageStep, metrics });
    for (const finding of findings) recorder.emit('health.finding', step, finding);
    for (const rule of cleared) recorder.emit('health.cleared', step, { rule });
    await recorder.commit(step, { metrics, trajectories: this.records(made) });
  }

  private async update(
    stage: Stage,
    updates: readonly Update[],
    learningRate: number,
  ): Promise<UpdateFigures[]> {
    const { engine } = this.parts;
    const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = stage;
    const figures: UpdateFigures[] = [];
    for (const { batch, objective, optim } of updates) {
      const result = await engine.forwardBackward(batch, objective);
      const { gradNorm, skipped } = await engine.optimStep({
        learningRate,
        beta1,
        beta2,
        epsilon,
        weightDecay,
        maxGradNorm: maxGradNorm > 0 ? maxGradNorm : undefined,
        ...optim,
      });
      figures.push({ result, gradNorm, skipped });
    }
    return figures;
  }

  /** The step's first attempts, as the store keeps them. */
  private records(made: MethodStep): NewTrajectory[] {
    const advantages = made.advantages?.flat() ?? [];
    return this.recorded('train', made.groups ?? [], this.recipe.trajectories, advantages);
  }

  private recorded(
    split: Split,
    groups: readonly Group[],
    most: number,
    advantages: readonly (number | null)[] = [],
  ): NewTrajectory[] {
    const all = groups.flatMap((group) => group.trajectories);
    return all.slice(0, most).map(({ task, completion, grade }, i) => ({
      split,
      taskId: task.id,
      prompt: promptText(task, this.parts.tokenizer),
      completion,
      score: grade.status === 'graded' ? grade.score : null,
      status: grade.status,
      advantage: advantages[i] ?? null,
      parts: grade.status === 'graded' ? (grade.parts ?? null) : { reason: grade.reason },
    }));
  }

  /** The held-out evaluation of this step, if it is due and was not done yet. */
  private async evaluateIf(due: boolean): Promise<void> {
    const { state, recipe } = this;
    if (!due || state.evaluatedAt === state.step) return;
    const { recorder } = this.parts;
    const { split, tasks, samples, selectBy, examples } = recipe.evaluation;
    const { summary, groups } = await this.measure(split, tasks, samples);
    const first = state.before === null;
    const before = first && recipe.report ? await this.report() : undefined;
    const best = candidate(summary, selectBy, state.step, state.best);
    state.evaluated = summary;
    state.evaluatedAt = state.step;
    if (best) state.best = best;
    if (first) state.before = before?.summary ?? summary;
    recorder.emit('evaluation.finished', state.step, { role: 'select', best: best !== undefined, summary });
    if (before)
      recorder.emit('evaluation.finished', state.step, {
        role: 'report',
        best: false,
        summary: before.summary,
      });
    await recorder.commit(state.step, {
      metrics: {
        ...evaluationMetrics('eval', summary),
        ...(before && evaluationMetrics('report', before.summary)),
      },
      trajectories: [
        ...this.recorded(split, groups, examples),
        ...(before ? this.recorded(before.summary.split, before.groups, examples) : []),
      ],
    });
  }

  private async report(): Promise<Evaluation | undefined> {
    const { report } = this.recipe;
    return report && (await this.measure(report.split, report.tasks, report.samples));
  }

  private async measure(split: Split, tasks: number, samples: number): Promise<Evaluation> {
    const { engine, tokenizer, environment, signal } = this.parts;
    const { temperature, maxTokens, passThreshold } = this.recipe.evaluation;
    this.progress('evaluate');
    const sampling = { ...this.recipe.sampling, temperature };
    if (maxTokens !== undefined) sampling.maxTokens = maxTokens;
    return await evaluate({
      engine,
      tokenizer,
      environment,
      split,
      tasks,
      samples,
      sampling,
      passThreshold,
      seed: this.recipe.seed,
      signal,
      onTokens: (tokens) => this.progress('evaluate', tokens),
    });
  }

  /** Exports the chosen weights, having measured them for the report. */
  private async finish(): Promise<TrainSummary> {
    const { engine, recorder, modelFolder } = this.parts;
    const { state, recipe } = this;
    const { best, before, evaluated } = state;
    if (best === null || before === null || evaluated === null)
      throw new Error('the run was never evaluated');
    const present = engine.snapshot();
    const chosen = recipe.export === 'best' && (await this.loadBest(best.step));
    const report = await this.report();
    this.progress('export');
    await exportModel(engine, modelFolder);
    engine.restore(present);
    const after = report?.summary ?? (chosen ? best.summary : evaluated);
    if (report)
      recorder.emit('evaluation.finished', state.step, { role: 'report', best: false, summary: after });
    state.seconds = this.secondsBefore + now() - this.sittingStart;
    const summary: TrainSummary = {
      steps: state.step,
      seconds: state.seconds,
      before,
      after,
      exportedStep: chosen ? best.step : state.step,
      model: modelFolder,
    };
    recorder.emit('run.finished', state.step, summary);
    await recorder.commit(state.step, {
      metrics: report && evaluationMetrics('report', after),
      trajectories: report && this.recorded(after.split, report.groups, recipe.evaluation.examples),
    });
    return summary;
  }

  /** Puts the best weights into the engine; false, with a warning, where their snapshot cannot be read. */
  private async loadBest(step: number): Promise<boolean> {
    if (step === this.state.step) return true;
    const { engine, snapshots, recorder } = this.parts;
    try {
      engine.restore((await snapshots.read(snapshotName(step))).engine);
      return true;
    } catch (error) {
      recorder.emit('run.warning', this.state.step, {
        message: `the best weights, of step ${step}, cannot be read, so the last ones are exported: ${(error as Error).message}`,
      });
      return false;
    }
  }
}

/** Throws when an attempt was made by weights too old for the method. */
function refuseStale(groups: readonly Group[], version: number, maxStaleness: number): void {
  for (const { task, trajectories } of groups)
    for (const { weightsVersion } of trajectories)
      if (version - weightsVersion > maxStaleness)
        throw new Error(
          `task ${task.id}: an attempt was made by weights version ${weightsVersion}, the engine is at ${version}; the method allows a lag of ${maxStaleness}`,
        );
}

/** An evaluation as metrics: `eval.passAt1`, `eval.passAt1.low`, … */
function evaluationMetrics(prefix: string, summary: EvaluationSummary): Record<string, number> {
  const metrics: Record<string, number> = {
    [`${prefix}.failed`]: summary.failed,
    [`${prefix}.length.mean`]: summary.lengthMean,
    [`${prefix}.length.cutShare`]: summary.cutShare,
    [`time.${prefix}`]: summary.seconds,
  };
  const figures: [string, { estimate: number; low: number; high: number }][] = [
    ['passAt1', summary.passAt1],
    ['meanScore', summary.meanScore],
    ...Object.entries(summary.passAt).map(([k, figure]): [string, typeof figure] => [`passAt${k}`, figure]),
  ];
  for (const [name, { estimate, low, high }] of figures) {
    metrics[`${prefix}.${name}`] = estimate;
    metrics[`${prefix}.${name}.low`] = low;
    metrics[`${prefix}.${name}.high`] = high;
  }
  for (const [name, value] of Object.entries(summary.parts)) metrics[`${prefix}.parts.${name}`] = value;
  return metrics;
}
