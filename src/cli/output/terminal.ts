/** The two streams of a command: progress and remarks on standard error, results on standard output. */
import { blockDisplay, type Display, logDisplay, silentDisplay } from './display.ts';
import { PLAIN, type Style, styleFor } from './style.ts';

export interface OutputOptions {
  /** Only the result. */
  quiet?: boolean;
  /** The last line on standard output is one JSON object. */
  json?: boolean;
}

export class Terminal {
  readonly options: OutputOptions;
  /** Style of results. */
  readonly style: Style;
  /** Style of remarks. */
  readonly remarkStyle: Style;

  constructor(options: OutputOptions) {
    this.options = options;
    this.style = options.json ? PLAIN : styleFor(process.stdout);
    this.remarkStyle = styleFor(process.stderr);
  }

  /** Columns of the window that shows progress. */
  get width(): number {
    return Math.max(40, (process.stderr.columns ?? 81) - 1);
  }

  /** A remark on standard error; not with --quiet. */
  remark(text: string): void {
    if (!this.options.quiet) process.stderr.write(`${text}\n`);
  }

  /** A line of the result; with --json results are one object only. */
  print(text = ''): void {
    if (!this.options.json) process.stdout.write(`${text}\n`);
  }

  /** The result as an object, with --json. */
  object(value: unknown): void {
    if (this.options.json) process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** A display for long work: a block on terminals, lines in logs, nothing with --quiet. */
  display(block: () => string[], line: () => string, now: () => number): Display {
    if (this.options.quiet) return silentDisplay();
    if (process.stderr.isTTY && process.env.TERM !== 'dumb') return blockDisplay(process.stderr, block);
    return logDisplay(process.stderr, line, now);
  }
}
