/** Runs a recipe with live progress, Ctrl-C handling and a report: what `train` and `quickstart` share. */
import { relative } from 'node:path';
import { methods } from '../methods/index.ts';
import type { RunRecord, Store } from '../store/index.ts';
import {
  type EvaluationSummary,
  type Recipe,
  recipeNeeds,
  type TrainEvent,
  type TrainSummary,
  train,
} from '../training/index.ts';
import type { Environment } from '../types/index.ts';
import { onInterrupt } from './interrupts.ts';
import type { Display } from './output/display.ts';
import { progressLine, progressLines } from './output/progress-lines.ts';
import {
  afterEvent,
  afterProgress,
  initialProgress,
  type ProgressState,
  withScores,
} from './output/progress-state.ts';
import { scoreOf } from './output/result.ts';
import type { Terminal } from './output/terminal.ts';
import type { RecipeSource } from './recipe/load-recipe.ts';
import { makeFolder } from './setup/make-folder.ts';
import { makeModel } from './setup/model.ts';
import { writeSource } from './setup/run-file.ts';
import { openRunStore, type RunPlace } from './setup/run-place.ts';

export interface TrainingRun {
  recipe: Recipe;
  source: RecipeSource | undefined;
  environment: Environment;
  place: RunPlace;
  resume: boolean;
  terminal: Terminal;
}

export type RunOutcome =
  | {
      status: 'finished';
      summary: TrainSummary;
      /** Path of report.html. */
      report: string;
    }
  | { status: 'interrupted'; step: number };

/** Trains and writes the report. Errors of the set-up are CliErrors; later ones come as they are. */
export async function runTraining(run: TrainingRun): Promise<RunOutcome> {
  const { recipe, environment, place, terminal } = run;
  const needs = recipeNeeds(recipe, methods);
  const { engine, tokenizer } = await makeModel(recipe, environment.symbols, {
    valueHead: needs.valueHead,
  });
  await makeFolder(place.folder);
  const store = await openRunStore(place.root);
  const progress = new LiveProgress(recipe, terminal);
  const interrupts = onInterrupt(() =>
    progress.say('Stopping: saving a snapshot. Ctrl-C again stops at once.'),
  );
  try {
    if (run.source) await writeSource(place.folder, run.source);
    if (run.resume) progress.recall(await earlierScores(store, place.id));
    const result = await train({
      recipe,
      methods,
      engine,
      tokenizer,
      environment,
      store,
      run: place.id,
      folder: place.folder,
      resume: run.resume,
      signal: interrupts.signal,
      onEvent: (event) => progress.hear(event),
      onProgress: (word) => progress.notice(word),
    });
    progress.stop();
    if (result.status === 'interrupted') return result;
    const record = (await store.run(place.id)) as RunRecord;
    return { status: 'finished', summary: result.summary, report: await report(store, record, terminal) };
  } finally {
    progress.stop();
    interrupts.release();
    await store.close();
    engine.dispose();
  }
}

/** Writes the report of a finished run. */
export async function reportAgain(place: RunPlace, terminal: Terminal): Promise<RunOutcome> {
  const store = await openRunStore(place.root, { readOnly: true });
  try {
    const record = (await store.run(place.id)) as RunRecord;
    const summary = record.summary as TrainSummary;
    return { status: 'finished', summary, report: await report(store, record, terminal) };
  } finally {
    await store.close();
  }
}

async function earlierScores(store: Store, run: string): Promise<ProgressState['scores']> {
  const events = await store.events(run, { types: ['evaluation.finished'] });
  return events.flatMap(({ step, data }) => {
    const { role, summary } = data as { role: string; summary: EvaluationSummary };
    return role === 'select' ? [{ step, ...scoreOf(summary) }] : [];
  });
}

async function report(store: Store, record: RunRecord, terminal: Terminal): Promise<string> {
  terminal.remark(terminal.remarkStyle.dim('Writing the report…'));
  const [{ writeReport }, { reportData }] = await Promise.all([
    import('../report/index.ts'),
    import('./report-data.ts'),
  ]);
  return (await writeReport(record.folder, await reportData(store, record))).html;
}

/** A path as short as it gets from where the user is. */
export function shownPath(path: string): string {
  const near = relative(process.cwd(), path);
  return near === '' || near.startsWith('..') ? path : near;
}

/** Logs need not fit a window. */
const LOG_WIDTH = 120;

/** Keeps the display of a run up to date. */
class LiveProgress {
  private state: ProgressState;
  private readonly display: Display;
  private readonly terminal: Terminal;

  constructor(recipe: Recipe, terminal: Terminal) {
    const now = () => performance.now() / 1000;
    this.terminal = terminal;
    this.state = initialProgress(recipe, now());
    const options = () => ({ now: now(), width: terminal.width, style: terminal.remarkStyle });
    this.display = terminal.display(
      () => progressLines(this.state, options()),
      () => progressLine(this.state, { ...options(), width: LOG_WIDTH }),
      now,
    );
  }

  /** Shows the scores of an earlier sitting. */
  recall(scores: ProgressState['scores']): void {
    this.state = withScores(this.state, scores);
  }

  hear(event: TrainEvent): void {
    this.state = afterEvent(this.state, event, performance.now() / 1000);
    const { yellow, dim } = this.terminal.remarkStyle;
    if (event.type === 'health.finding') {
      const { message, advice } = event.data;
      this.display.log(yellow(`! step ${event.step}: ${message}`));
      this.display.log(dim(`  ${advice}`));
    } else if (event.type === 'run.warning') this.display.log(yellow(`! ${event.data.message}`));
    else if (event.type === 'run.resumed')
      this.display.log(
        event.data.from < 0 ? 'No snapshot yet: starting anew.' : `Resumed from step ${event.data.from}.`,
      );
    this.display.show(event.type === 'step.finished' || event.type === 'evaluation.finished');
  }

  notice(word: Parameters<typeof afterProgress>[1]): void {
    this.state = afterProgress(this.state, word);
    this.display.show();
  }

  /** Says something above the display. */
  say(line: string): void {
    this.display.log(line);
  }

  stop(): void {
    this.display.stop();
  }
}
