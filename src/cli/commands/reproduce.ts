/** `burnish reproduce`: runs the arms of a paper's claim, judges it, and writes the report. */
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import {
  afterEvent,
  buildReport,
  commandOf,
  type HarnessEvent,
  type HarnessResult,
  initialState,
  isCheckout,
  LockedError,
  PUBLISHED,
  type Reproduction,
  type ReproductionReport,
  runArms,
  withNeeded,
  writeReproduction,
} from '../../reproduce/index.ts';
import { asUsage, CliError, EXIT, type ExitCode } from '../errors.ts';
import { onInterrupt } from '../interrupts.ts';
import type { Display } from '../output/display.ts';
import { clock } from '../output/format.ts';
import { outcomeLines, reproductionLine, reproductionLines } from '../output/reproduction-lines.ts';
import { Terminal } from '../output/terminal.ts';
import { type FoundReproduction, findReproduction, isModulePath } from '../reproductions.ts';
import { makeFolder } from '../setup/make-folder.ts';
import { shownPath } from '../training-run.ts';

export interface ReproduceCommandOptions {
  /** Names joined by commas. */
  arms?: string;
  /** How many of the declared seeds. */
  seeds?: number;
  out?: string;
  jobs?: number;
  keepFinished?: boolean;
  publish?: boolean;
  quiet?: boolean;
  json?: boolean;
}

const DEFAULT_FOLDER = join('runs', 'reproductions');
const LOG_WIDTH = 120;
const now = () => performance.now() / 1000;

/** The first seeds as declared; further ones go on from the greatest, those of the calibration left out. */
export function chosenSeeds({ seeds, calibrationSeeds = [] }: Reproduction, count = seeds.length): number[] {
  const chosen = seeds.slice(0, count);
  for (let seed = Math.max(...seeds) + 1; chosen.length < count; seed++)
    if (!calibrationSeeds.includes(seed)) chosen.push(seed);
  return chosen;
}

function refusePublishing({ reproduction }: FoundReproduction, options: ReproduceCommandOptions): void {
  if (options.arms !== undefined || (options.seeds ?? Infinity) < reproduction.seeds.length)
    throw new CliError('--publish needs all arms and all declared seeds: leave out --arms and --seeds');
  if (!isCheckout())
    throw new CliError(
      '--publish writes into the sources of Burnish: this is an installed copy, not a checkout',
    );
}

/** What was typed, for the report; a module's path is shown from here. */
function typed(what: string, { arms, seeds, keepFinished }: ReproduceCommandOptions): string {
  const parts = [commandOf(isModulePath(what) ? shownPath(resolve(what)) : what)];
  if (arms !== undefined) parts.push(`--arms ${arms}`);
  if (seeds !== undefined) parts.push(`--seeds ${seeds}`);
  if (keepFinished) parts.push('--keep-finished');
  return parts.join(' ');
}

export async function reproduceCommand(what: string, options: ReproduceCommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const found = await findReproduction(what);
  const { reproduction, module } = found;
  const { name, arms: declared } = reproduction;
  if (options.publish) refusePublishing(found, options);
  const wanted = options.arms?.split(',').map((arm) => arm.trim()) ?? Object.keys(declared);
  const arms = await asUsage(() => withNeeded(reproduction, wanted));
  const seeds = chosenSeeds(reproduction, options.seeds);
  const folder = resolve(options.out ?? join(DEFAULT_FOLDER, name));
  await makeFolder(folder);
  const jobs = options.jobs ?? availableParallelism();
  terminal.remark(
    terminal.remarkStyle.dim(
      `${name}: ${arms.length} arms × ${seeds.length} seeds, ${jobs} at a time, about ${reproduction.minutes} minutes for all of it on two cores; in ${shownPath(folder)}`,
    ),
  );
  const live = new LiveReproduction(reproduction, jobs, terminal);
  const interrupts = onInterrupt(() =>
    live.say('Stopping: saving what can be gone on with. Ctrl-C again stops at once.'),
  );
  const started = now();
  let outcome: HarnessResult;
  try {
    const { keepFinished } = options;
    const { signal } = interrupts;
    const onEvent = (event: HarnessEvent) => live.hear(event);
    outcome = await runArms({
      reproduction,
      module,
      arms,
      seeds,
      folder,
      jobs,
      keepFinished,
      signal,
      onEvent,
    });
  } catch (error) {
    if (error instanceof LockedError)
      throw new CliError(
        `another process (${error.pid}) is at work in ${shownPath(folder)}: wait for it, or choose another --out`,
        { cause: error },
      );
    throw error;
  } finally {
    live.stop();
    interrupts.release();
  }
  if (outcome.interrupted) return tellInterrupted(what, options, outcome, terminal);
  const report = buildReport({
    reproduction,
    results: outcome.results,
    failures: outcome.failures,
    stale: outcome.stale,
    command: typed(what, options),
  });
  const { results } = outcome;
  const written = await writeReproduction({ reproduction, report, results, folder });
  const published =
    options.publish && (await publish(reproduction, report, outcome))
      ? join(PUBLISHED, `${name}.md`)
      : undefined;
  return tellOutcome(
    { report, written: written.markdown, json: written.json, published, seconds: now() - started },
    terminal,
  );
}

async function publish(
  reproduction: Reproduction,
  report: ReproductionReport,
  { results, stale, failures }: HarnessResult,
): Promise<boolean> {
  if (report.status !== 'finished' || failures.length > 0 || stale.length > 0) return false;
  await writeReproduction({ reproduction, report, results, folder: PUBLISHED });
  return true;
}

function tellInterrupted(
  what: string,
  options: ReproduceCommandOptions,
  { results }: HarnessResult,
  terminal: Terminal,
): ExitCode {
  const out = options.out === undefined ? '' : ` --out ${options.out}`;
  const resume = `${typed(what, options)}${out}`;
  terminal.print(`Stopped with ${results.length} arms finished; go on with:\n  ${resume}`);
  terminal.object({ status: 'interrupted', finished: results.length, resume });
  return EXIT.interrupted;
}

interface Told {
  report: ReproductionReport;
  written: string;
  json: string;
  published: string | undefined;
  seconds: number;
}

function tellOutcome({ report, written, json, published, seconds }: Told, terminal: Terminal): ExitCode {
  const { failures, name, status, verdict, figure, criteria, seeds } = report;
  for (const line of outcomeLines(report, terminal.style)) terminal.print(line);
  terminal.print();
  terminal.print(`Report  ${shownPath(written)}`);
  if (published !== undefined) terminal.print(`        ${shownPath(published)}`);
  terminal.print(`Time    ${clock(seconds)} now, ${clock(60 * report.minutes)} of arms in all`);
  terminal.object({
    status: failures.length > 0 ? 'failed' : status,
    name,
    paper: report.paper,
    verdict,
    figure,
    criteria,
    seeds,
    failures,
    seconds,
    report: written,
    json,
    published: published ?? null,
  });
  if (failures.length === 0) return EXIT.ok;
  process.stderr.write(
    `error: ${failures.length} of the arms failed; the report is of the others, and the same command tries them again\n`,
  );
  for (const { id, message } of failures) process.stderr.write(`  ${id}: ${message}\n`);
  return EXIT.failed;
}

/** Keeps the display up to date. */
class LiveReproduction {
  private state = initialState;
  private readonly display: Display;
  private readonly terminal: Terminal;

  constructor(reproduction: Reproduction, jobs: number, terminal: Terminal) {
    this.terminal = terminal;
    const { arms, seeds, minutes } = reproduction;
    // Declared for two cores.
    const declared = (minutes * 60 * 2) / (Object.keys(arms).length * seeds.length);
    const options = () => ({
      now: now(),
      width: terminal.width,
      jobs,
      declared,
      style: terminal.remarkStyle,
    });
    this.display = terminal.display(
      () => reproductionLines(this.state, options()),
      () => reproductionLine(this.state, { ...options(), width: LOG_WIDTH }),
      now,
    );
  }

  hear(event: HarnessEvent): void {
    this.state = afterEvent(this.state, event, now());
    const { yellow, red, dim } = this.terminal.remarkStyle;
    const { id } = event;
    if (event.type === 'failed') this.display.log(red(`✗ ${id}: ${event.message}`));
    else if (event.type === 'skipped')
      this.display.log(yellow(`! ${id}: not run, since ${event.because} did not finish`));
    else if (event.type === 'outdated')
      this.display.log(dim(`${id} was made by other code or settings, or goes on from what was: run again`));
    else if (event.type === 'log') this.display.log(dim(`${id}: ${event.line}`));
    this.display.show(event.type !== 'kept' && event.type !== 'planned');
  }

  say(line: string): void {
    this.display.log(line);
  }

  stop(): void {
    this.display.stop();
  }
}
