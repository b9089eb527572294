/** The one training loop at work: stages of steps, evaluations between them, and snapshots of it all. */
import type { Split } from '../types/index.ts';
import { applyUpdates, refuseStale } from './apply-updates.ts';
import type { Evaluation, EvaluationSummary } from './evaluate.ts';
import type { Recorder, TrainSummary } from './events.ts';
import { exportModel } from './export-model.ts';
import { HealthMonitor } from './health.ts';
import { evaluateRecipe } from './held-out.ts';
import { groupMetrics, precisionMetrics, sampledLogprobGap, updateMetrics } from './metrics.ts';
import type { Recipe } from './recipe.ts';
import { evaluationMetrics, trajectoryRecords } from './records.ts';
import { candidate, type RunState } from './run-state.ts';
import { snapshotName } from './snapshots.ts';
import { stageEnded, stageLearningRate } from './stage-clock.ts';
import { beginStage, type StageParts, type StageWork } from './stage-work.ts';

/** What the run is busy with, for a live display; not recorded. */
export interface Progress {
  phase: 'sample' | 'grade' | 'train' | 'evaluate' | 'snapshot' | 'export';
  /** Step in progress, from 1; steps done while evaluating, saving and exporting. */
  step: number;
  stage: number;
  /** Tokens sampled in this phase so far. */
  tokens?: number;
}

export interface TrainerParts extends StageParts {
  recorder: Recorder;
  /** Folder of the exported model. */
  modelFolder: string;
  signal: AbortSignal;
  onProgress(progress: Progress): void;
  onEvaluated?(step: number, summary: EvaluationSummary): Promise<void>;
}

const now = () => performance.now() / 1000;

/** Names what a snapshot of the state would hold. */
const markOf = ({ step, stage, evaluatedAt, stageClosed }: RunState) =>
  JSON.stringify([step, stage, evaluatedAt, stageClosed]);

/** Runs a recipe from a state to its end. */
export class Trainer {
  private readonly parts: TrainerParts;
  private readonly recipe: Recipe;
  private readonly health = new HealthMonitor();
  private readonly sittingStart = now();
  private readonly secondsBefore: number;
  /** What the newest snapshot holds. */
  private saved: string;
  private updating = false;
  state: RunState;

  /** `saved`: the state comes from the newest snapshot. */
  constructor(parts: TrainerParts, state: RunState, saved: boolean) {
    this.parts = parts;
    this.recipe = state.recipe;
    this.state = state;
    this.saved = saved ? markOf(state) : '';
    this.secondsBefore = state.seconds;
    this.health.restore(state.health);
  }

  /** False while weights are between two steps: a failure then leaves nothing that could be saved. */
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
    const { step, best } = this.state;
    const mark = markOf(this.state);
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

  private async snapshotIf(due: boolean): Promise<void> {
    if (due || this.state.best?.step === this.state.step) await this.snapshot();
  }

  private progress(phase: Progress['phase'], tokens?: number): void {
    const { step, stage } = this.state;
    const inStep = phase === 'sample' || phase === 'grade' || phase === 'train';
    this.parts.onProgress({ phase, step: inStep ? step + 1 : step, stage, tokens });
  }

  private clock() {
    return { steps: this.state.stageStep, seconds: this.state.stageSeconds };
  }

  private async runStage(index: number): Promise<void> {
    const { recorder, signal } = this.parts;
    if (this.state.stage !== index) {
      const fresh = { stageStep: 0, stageSeconds: 0, stageClosed: false, method: null, curriculum: null };
      this.state = { ...this.state, stage: index, ...fresh };
    }
    const work = await beginStage(this.parts, this.state);
    const { name, method } = work.stage;
    if (this.state.stageStep === 0 && !this.state.stageClosed)
      recorder.emit('stage.started', this.state.step, {
        stage: index,
        name,
        method,
        totalSteps: work.total ?? null,
      });
    const due = (cadence: number) => cadence > 0 && this.state.step % cadence === 0;
    try {
      for (;;) {
        const ended = stageEnded(work.stage, work.total, this.clock());
        await this.evaluateIf(ended || due(this.recipe.evaluation.every));
        if (ended) break;
        if (this.state.stageStep > 0) await this.snapshotIf(due(this.recipe.snapshots.every));
        signal.throwIfAborted();
        await this.step(work);
      }
      if (this.state.stageClosed) return;
      this.state.stageClosed = true;
      const { step, stageStep: steps, stageSeconds: seconds } = this.state;
      recorder.emit('stage.finished', step, { stage: index, name, steps, seconds });
      await recorder.commit(step);
      await this.snapshot();
    } finally {
      work.reference?.dispose();
      for (const model of Object.values(work.models)) model.dispose();
    }
  }

  /** One training step, committed. Given up without a trace when the signal aborts before its first update. */
  private async step(work: StageWork): Promise<void> {
    const { engine, recorder, signal, tokenizer } = this.parts;
    const started = now();
    const times: Record<string, number> = {};
    const onTime = (part: string, seconds: number) => {
      times[`time.${part}`] = (times[`time.${part}`] ?? 0) + seconds;
      if (part === 'sample') this.progress('grade');
    };
    const made = await work.instance.step({
      step: this.state.step + 1,
      stageStep: this.state.stageStep + 1,
      signal,
      onTokens: (tokens) => this.progress('sample', tokens),
      onTime,
    });
    const groups = made.groups ?? [];
    refuseStale(groups, engine.weightsVersion, work.instance.maxStaleness ?? 0);
    const precision = precisionMetrics(engine);
    const gap = 'logprobGap.max' in made.metrics ? {} : await sampledLogprobGap(engine, groups, onTime);
    signal.throwIfAborted();

    this.progress('train');
    const trainStarted = now();
    const learningRate = stageLearningRate(work.stage, work.total, this.clock());
    this.updating = true;
    if (made.fromStart) await work.rewind();
    const figures = await applyUpdates(engine, work.stage, made.updates, learningRate);
    const finished = now();
    const trained = made.updates.flatMap(({ batch, also = [] }) =>
      [batch, ...also.map((further) => further.batch)].flatMap(({ sequences }) => sequences),
    );
    const metrics: Record<string, number> = {
      ...groupMetrics(groups, this.recipe.evaluation.passThreshold),
      ...precision,
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
    const most = this.recipe.trajectories;
    await recorder.commit(step, {
      metrics,
      trajectories: trajectoryRecords(groups, {
        split: 'train',
        tokenizer,
        most,
        advantages: made.advantages,
      }),
    });
  }

  /** The held-out evaluation of this step, if it is due and was not done yet. */
  private async evaluateIf(due: boolean): Promise<void> {
    const { state, recipe } = this;
    if (!due || state.evaluatedAt === state.step) return;
    const evaluation = await this.measure(recipe.evaluation);
    const first = state.before === null;
    const report = first ? await this.report() : undefined;
    const { summary } = evaluation;
    const best = candidate(summary, recipe.evaluation.selectBy, state.step, state.best);
    state.evaluated = summary;
    state.evaluatedAt = state.step;
    if (best) state.best = best;
    if (first) state.before = report?.summary ?? summary;
    const { recorder } = this.parts;
    recorder.emit('evaluation.finished', state.step, { role: 'select', best: best !== undefined, summary });
    await recorder.commit(state.step, this.evaluationRows('eval', evaluation));
    if (report) await recorder.commit(state.step, this.reportRows(report));
    await this.parts.onEvaluated?.(state.step, summary);
  }

  /** Tells of the report's measurement; the rows to commit with that. */
  private reportRows(report: Evaluation) {
    const data = { role: 'report' as const, best: false, summary: report.summary };
    this.parts.recorder.emit('evaluation.finished', this.state.step, data);
    return this.evaluationRows('report', report);
  }

  private evaluationRows(prefix: string, { summary, groups }: Evaluation) {
    const { tokenizer } = this.parts;
    const most = this.recipe.evaluation.examples;
    return {
      metrics: evaluationMetrics(prefix, summary),
      trajectories: trajectoryRecords(groups, { split: summary.split, tokenizer, most }),
    };
  }

  /** The measurement to report, where the recipe wants one. */
  private async report(): Promise<Evaluation | undefined> {
    const { report } = this.recipe;
    return report && (await this.measure(report));
  }

  private async measure(which: { split: Split; tasks: number; samples: number }): Promise<Evaluation> {
    this.progress('evaluate');
    const onTokens = (tokens: number) => this.progress('evaluate', tokens);
    return await evaluateRecipe({ ...this.parts, onTokens }, this.recipe, which);
  }

  /** Exports the chosen weights, having measured them for the report. */
  private async finish(): Promise<TrainSummary> {
    const { engine, recorder, modelFolder } = this.parts;
    const { state, recipe } = this;
    const { best, before, evaluated } = state;
    if (best === null || before === null || evaluated === null)
      throw new Error('the state says that nothing was evaluated');
    const present = engine.snapshot();
    const isBest = recipe.export === 'best' && (await this.loadBest(best.step));
    const report = await this.report();
    this.progress('export');
    await exportModel(engine, modelFolder);
    engine.restore(present);
    state.seconds = this.secondsBefore + now() - this.sittingStart;
    const summary: TrainSummary = {
      steps: state.step,
      seconds: state.seconds,
      before,
      after: report?.summary ?? (isBest ? best.summary : evaluated),
      exportedStep: isBest ? best.step : state.step,
      model: modelFolder,
    };
    const rows = report && this.reportRows(report);
    recorder.emit('run.finished', state.step, summary);
    await recorder.commit(state.step, rows);
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
