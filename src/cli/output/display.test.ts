import { afterEach, describe, expect, it, vi } from 'vitest';
import { blockDisplay, logDisplay } from './display.ts';

afterEach(() => vi.useRealTimers());

function recorder() {
  const writes: string[] = [];
  return { writes, output: { columns: 80, write: (text: string) => writes.push(text) } };
}

/** What a terminal shows after these writes: understands the few codes that displays use. */
function screen(writes: readonly string[]): string[] {
  const rows = [''];
  let row = 0;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
  for (const part of writes.join('').split(/(\u001b\[\??\d*[a-zA-Z]|\n|\r)/)) {
    const code = part.startsWith('\u001b[') ? part.slice(2) : part;
    if (part === '\n') {
      row++;
      column = 0;
      rows[row] ??= '';
    } else if (part === '\r') column = 0;
    else if (/^\d+A$/.test(code)) row -= Number.parseInt(code, 10);
    else if (code === 'K') rows[row] = rows[row].slice(0, column);
    else if (code === '0J') {
      rows[row] = rows[row].slice(0, column);
      rows.length = row + 1;
    } else if (!part.startsWith('\u001b[')) {
      rows[row] = rows[row].slice(0, column) + part + rows[row].slice(column + part.length);
      column += part.length;
    }
  }
  return rows;
}

describe('blockDisplay', () => {
  it('rewrites its block in place, one write a redraw, and keeps what was logged above', () => {
    vi.useFakeTimers();
    const { writes, output } = recorder();
    let lines = ['first line, long', 'second'];
    const display = blockDisplay(output, () => lines);
    vi.advanceTimersByTime(130);
    expect(screen(writes)).toEqual(['first line, long', 'second', '']);
    lines = ['1st', '2nd'];
    const before = writes.length;
    vi.advanceTimersByTime(120);
    expect(writes.length).toBe(before + 1);
    expect(screen(writes)).toEqual(['1st', '2nd', '']);
    display.log('a warning');
    expect(screen(writes)).toEqual(['a warning', '1st', '2nd', '']);
    lines = ['done'];
    display.stop();
    expect(screen(writes)).toEqual(['a warning', 'done', '']);
    const after = writes.length;
    vi.advanceTimersByTime(1000);
    expect(writes.length).toBe(after);
  });

  it('hides the cursor while it draws and shows it again', () => {
    const { writes, output } = recorder();
    blockDisplay(output, () => ['x']).stop();
    expect(writes[0]).toBe('\u001b[?25l');
    expect(writes.at(-1)).toBe('\u001b[?25h');
  });
});

describe('logDisplay', () => {
  it('prints changes after a second, then at most every five, and the last one at the end', () => {
    const { writes, output } = recorder();
    let now = 0;
    const display = logDisplay(
      output,
      () => `at ${now}`,
      () => now,
    );
    for (now = 1; now <= 12; now++) display.show(true);
    expect(writes).toEqual(['at 1\n', 'at 6\n', 'at 11\n']);
    display.stop();
    expect(writes.at(-1)).toBe('at 13\n');
  });

  it('prints nothing where nothing changed', () => {
    const { writes, output } = recorder();
    const display = logDisplay(
      output,
      () => 'x',
      () => 100,
    );
    display.show();
    display.stop();
    expect(writes).toEqual([]);
  });
});
