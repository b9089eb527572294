/** Colours and widths of text in a terminal. */

/** Wraps text in terminal codes, or returns it as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
  cyan(text: string): string;
}

const code = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`;

const COLOURED: Style = {
  bold: code(1, 22),
  dim: code(2, 22),
  green: code(32, 39),
  yellow: code(33, 39),
  red: code(31, 39),
  cyan: code(36, 39),
};

const same = (text: string) => text;
export const PLAIN: Style = { bold: same, dim: same, green: same, yellow: same, red: same, cyan: same };

/** Colours for a stream: on terminals only, never with NO_COLOR set (https://no-color.org). */
export function styleFor(stream: { isTTY?: boolean }, environment = process.env): Style {
  const refused = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return stream.isTTY === true && !refused ? COLOURED : PLAIN;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const ESCAPES = /\u001b\[[0-9;]*m/g;

/** Columns that a line takes, terminal codes not counted; every character that Burnish prints is one column wide. */
export function columns(line: string): number {
  return [...line.replace(ESCAPES, '')].length;
}

/** A plain text cut to a width, with … where something is missing. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}
