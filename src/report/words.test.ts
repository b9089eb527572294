/** Escaping of values, and numbers and times in words. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duration, moment, number, percent, points } from './format.ts';
import { escapeHtml, html, Markup } from './markup.ts';

describe('html', () => {
  it('escapes text, keeps markup, and leaves out what is not there', () => {
    const item = html`<b title="${'"x" & \'y\''}">${'<script>'}</b>`;
    expect(item.source).toBe('<b title="&quot;x&quot; &amp; &#39;y&#39;">&lt;script&gt;</b>');
    expect(html`<p>${item}${[item, item]}${undefined}${false}${0}</p>`.source).toBe(
      `<p>${item.source.repeat(3)}0</p>`,
    );
    expect(html`${new Markup('<i>')}`.source).toBe('<i>');
  });

  it('lets no text become markup, and loses none', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'<>&"\'/ab;#=') }), (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        const back = escaped
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&#39;', "'")
          .replaceAll('&amp;', '&');
        expect(back).toBe(text);
      }),
      { seed: 1 },
    );
  });
});

it('numbers are short and keep what matters', () => {
  expect([0, 300, -12, 0.123456, 12345.678, 0.00004, -2.5e-7, 1e12].map(number)).toEqual([
    '0',
    '300',
    '−12',
    '0.1235',
    '12350',
    '4e−5',
    '−2.5e−7',
    '1e+12',
  ]);
  expect([Number.NaN, Infinity, -Infinity].map(number)).toEqual(['not a number', '∞', '−∞']);
  expect([0, 0.3125, 1].map(percent)).toEqual(['0.0%', '31.3%', '100.0%']);
  expect([0.43, -0.012, 0.0001].map(points)).toEqual(['+43.0 points', '−1.2 points', '±0.0 points']);
});

it('times are in words', () => {
  expect([0.25, 42.4, 252.3, 3599.9, 3725].map(duration)).toEqual([
    '0.3 s',
    '42 s',
    '4 min 12 s',
    '1 h 0 min',
    '1 h 2 min',
  ]);
  expect(moment('2026-01-02T10:30:11.123Z')).toBe('2026-01-02 10:30 UTC');
  expect(moment('yesterday')).toBe('yesterday');
});
