/** Renders the progress of a run as lines of text: a block for terminals, one line for logs. */
import { sparkline } from '../../report/sparkline.ts';
import { clock, figure, percent, range, short } from './format.ts';
import { type ProgressState, stageSecondsLeft, stageShare } from './progress-state.ts';
import { columns, cut, PLAIN, type Style } from './style.ts';

export interface LineOptions {
  /** Seconds on the clock of the state. */
  now: number;
  /** Columns of the terminal. */
  width: number;
  style?: Style;
}

const PHASES: Record<ProgressState['phase'], string> = {
  start: 'starting',
  sample: 'sampling',
  grade: 'grading',
  train: 'learning',
  evaluate: 'evaluating',
  snapshot: 'saving',
  export: 'exporting',
};

const BAR = 20;
const SPARKLINE = 24;

/** Parts joined by two spaces, those that do not fit the width left out. */
function joined(parts: readonly (string | undefined)[], width: number): string {
  let line = '';
  for (const part of parts) {
    if (part === undefined) continue;
    const longer = line === '' ? part : `${line}  ${part}`;
    if (columns(longer) <= width) line = longer;
  }
  return line;
}

function stageWords(state: ProgressState): { stage: string; steps: string } {
  const { name, steps } = state.stages[state.stage];
  const count = state.stages.length;
  return {
    stage: count > 1 ? `${name} (${state.stage + 1}/${count})` : name,
    steps: `step ${state.stageStep}${steps === undefined ? '' : `/${steps}`}`,
  };
}

function etaWords(state: ProgressState, now: number): string | undefined {
  const left = stageSecondsLeft(state, now);
  if (left === undefined) return undefined;
  return `${state.stage === state.stages.length - 1 ? 'ETA' : 'stage ETA'} ${clock(left)}`;
}

function rate({ tokensPerSecond }: ProgressState): string | undefined {
  return tokensPerSecond === undefined ? undefined : `${short(tokensPerSecond)} tokens/s`;
}

const named = (name: string, value: number | undefined) =>
  value === undefined ? undefined : `${name} ${figure(value)}`;

/** Three lines of at most `width` columns: where the run is, how it goes, and the held-out score. */
export function progressLines(state: ProgressState, { now, width, style = PLAIN }: LineOptions): string[] {
  const { stage, steps } = stageWords(state);
  const share = stageShare(state, now);
  const filled = Math.round(BAR * (share ?? 0));
  const bar = `${style.cyan('━'.repeat(filled))}${style.dim('─'.repeat(BAR - filled))}`;
  const where = joined(
    [
      style.bold(cut(state.name, 20)),
      style.cyan(cut(stage, 24)),
      steps,
      etaWords(state, now),
      share === undefined ? undefined : `${bar} ${Math.floor(100 * share)}%`,
    ],
    width,
  );
  const busy = `${PHASES[state.phase]}${state.phaseTokens > 0 ? ` ${short(state.phaseTokens)} tokens` : '…'}`;
  const how = joined(
    [
      clock(now - state.startedAt),
      named('reward', state.reward),
      named('loss', state.loss),
      rate(state),
      style.dim(busy),
    ],
    width,
  );
  return [where, how, scoreLine(state, width, style)];
}

function scoreLine({ scores }: ProgressState, width: number, style: Style): string {
  const first = scores[0];
  const last = scores[scores.length - 1];
  if (last === undefined) return style.dim('held-out pass@1: not measured yet');
  const curve = sparkline(
    scores.map((score) => score.passAt1),
    SPARKLINE,
  );
  return joined(
    [
      'held-out pass@1',
      `${style.bold(percent(last.passAt1))} ${range(last.low, last.high)}`,
      scores.length > 1 ? style.green(curve) : undefined,
      scores.length > 1 ? style.dim(`from ${percent(first.passAt1)}`) : undefined,
    ],
    width,
  );
}

/** One line for a log. */
export function progressLine(state: ProgressState, { now, width }: LineOptions): string {
  const { stage, steps } = stageWords(state);
  const score = state.scores[state.scores.length - 1];
  return joined(
    [
      `[${clock(now - state.startedAt)}]`,
      stage,
      steps,
      state.reward === undefined ? named('loss', state.loss) : named('reward', state.reward),
      score && `held-out ${percent(score.passAt1)} ${range(score.low, score.high)}`,
      rate(state),
      etaWords(state, now),
    ],
    width,
  );
}
