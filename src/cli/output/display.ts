/** Shows lines that change: rewritten in place on a terminal, one plain line every few seconds elsewhere. */
import { columns } from './style.ts';

/** What a display writes to. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

/** Shows the state of long work. */
export interface Display {
  /** Says something that stays. */
  log(line: string): void;
  /** Shows the present state, if it is time to. `changed` hints that something worth a line of log happened. */
  show(changed?: boolean): void;
  /** Leaves the last state standing and stops. */
  stop(): void;
}

const REDRAW_MS = 120;
const LOG_SECONDS = 5;
/** Work that takes less is not worth a line. */
const FIRST_LOG_SECONDS = 1;

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_TO_END = '\u001b[0J';
const CLEAR_LINE_END = '\u001b[K';

/** Nothing but what is logged explicitly is shown. */
export function silentDisplay(): Display {
  return { log: () => undefined, show: () => undefined, stop: () => undefined };
}

/** One line whenever it changed and some seconds passed. `now` in seconds. */
export function logDisplay(output: Output, line: () => string, now: () => number): Display {
  let last = now() + FIRST_LOG_SECONDS - LOG_SECONDS;
  let pending = false;
  const print = () => {
    output.write(`${line()}\n`);
    last = now();
    pending = false;
  };
  return {
    log: (text) => output.write(`${text}\n`),
    show(changed = false) {
      pending ||= changed;
      if (pending && now() - last >= LOG_SECONDS) print();
    },
    stop() {
      if (pending) print();
    },
  };
}

/** A block of lines that is rewritten in one write, so that it does not flicker. */
export function blockDisplay(output: Output, lines: () => string[]): Display {
  let height = 0;
  let stopped = false;
  const up = () => (height > 0 ? `\u001b[${height}A\r` : '\r');
  const draw = (above = '') => {
    if (stopped) return;
    const fresh = lines();
    const body = fresh.map((line) => `${line}${CLEAR_LINE_END}\n`).join('');
    const said = above === '' ? '' : `${above}${CLEAR_LINE_END}\n`;
    output.write(`${up()}${said}${body}${CLEAR_TO_END}`);
    // A line wider than the window wraps: it takes as many rows.
    const width = output.columns ?? 80;
    height = fresh.reduce((rows, line) => rows + Math.max(1, Math.ceil(columns(line) / width)), 0);
  };
  const showCursor = () => output.write(SHOW_CURSOR);
  output.write(HIDE_CURSOR);
  process.once('exit', showCursor);
  const timer = setInterval(() => draw(), REDRAW_MS);
  timer.unref();
  return {
    log: (text) => draw(text),
    show: () => undefined,
    stop() {
      if (stopped) return;
      draw();
      stopped = true;
      clearInterval(timer);
      process.removeListener('exit', showCursor);
      showCursor();
    },
  };
}
