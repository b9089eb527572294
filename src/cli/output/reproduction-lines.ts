/** Renders a reproduction at work, and its outcome, as lines of text. */
import {
  effectOf,
  figureOf,
  type HarnessState,
  type ReproductionReport,
  secondsLeft,
  type Verdict,
  verdictWords,
} from '../../reproduce/index.ts';
import { clock } from './format.ts';
import { cut, PLAIN, type Style } from './style.ts';

export interface ReproductionLineOptions {
  /** Seconds on the clock of the state. */
  now: number;
  width: number;
  /** Workers at a time. */
  jobs: number;
  /** Seconds that one arm takes, as declared. */
  declared: number;
  style?: Style;
}

const BAR = 20;
const NAME = 34;

function summary(state: HarnessState, { now, jobs, declared }: ReproductionLineOptions): string {
  const { works, kept } = state;
  const of = (status: string) => works.filter((work) => work.status === status).length;
  const failed = of('failed') + of('skipped');
  const parts = [
    `${kept + of('finished')} of ${kept + works.length} done`,
    ...(failed > 0 ? [`${failed} failed`] : []),
    ...(of('running') + of('waiting') > 0 ? [`ETA ${clock(secondsLeft(state, now, jobs, declared))}`] : []),
  ];
  return parts.join('  ');
}

/** How far all of it is, then one line for each arm at work, of at most `width` columns. */
export function reproductionLines(state: HarnessState, options: ReproductionLineOptions): string[] {
  const { now, width, style = PLAIN } = options;
  const running = state.works.filter(({ status }) => status === 'running');
  const lines = running.map(({ id, share, startedAt }) => {
    const filled = Math.round(BAR * share);
    const bar = `${style.cyan('━'.repeat(filled))}${style.dim('─'.repeat(BAR - filled))}`;
    const room = Math.max(10, Math.min(NAME, width - BAR - 20));
    return `${cut(id, room).padEnd(room)} ${bar} ${String(Math.floor(100 * share)).padStart(3)}%  ${clock(now - startedAt)}`;
  });
  return [cut(summary(state, options), width), ...lines];
}

/** One line for a log. */
export function reproductionLine(state: HarnessState, options: ReproductionLineOptions): string {
  const running = state.works
    .filter(({ status }) => status === 'running')
    .map(({ id, share }) => `${id} ${Math.floor(100 * share)}%`);
  return cut([summary(state, options), ...running].join('  '), options.width);
}

const colourOf = (verdict: Verdict, style: Style) =>
  ({ holds: style.green, 'does not hold': style.red, inconclusive: style.yellow })[verdict];

/** The outcome for people: claim, verdict, each inequality with its interval. */
export function outcomeLines(report: ReproductionReport, style: Style): string[] {
  const { claim, verdict, criteria, metrics, seeds, status, warnings } = report;
  const lines = [
    `Claim: ${claim}`,
    style.bold(colourOf(verdict, style)(`Verdict: ${verdictWords(verdict)}`)),
    `  ${status === 'finished' ? 'all declared arms and seeds' : 'preliminary: not every declared arm and seed'}; seeds ${seeds.join(', ')}`,
  ];
  for (const result of criteria) {
    const mark = colourOf(result.verdict, style)(result.verdict);
    lines.push(`  ${result.says}: ${mark}`);
    lines.push(`    ${result.estimate === null ? effectOf(result, undefined) : figureOf(result, metrics)}`);
    const agree = result.agree === null ? '' : `${result.agree} of ${result.seeds.length} seeds agree`;
    const said = [agree, result.reason].filter((part) => part !== undefined && part !== '').join('; ');
    if (said !== '') lines.push(`    ${style.dim(said)}`);
  }
  for (const warning of warnings) lines.push(style.yellow(`! ${warning}`));
  return lines;
}
