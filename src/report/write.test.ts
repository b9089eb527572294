/** The written report: complete, self-contained, safe against what models write, and never half written. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ReportData, writeReport } from './index.ts';
import { reportPage } from './page.ts';
import { renderPng, renderSvg } from './render.ts';
import { COLOURS } from './theme.ts';

const folder = mkdtempSync(join(tmpdir(), 'burnish-report-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HOSTILE = `</pre></title><script>alert("x")</script><img src=x onerror='y'>&`;
const steps = Array.from({ length: 120 }, (_, i) => i + 1);

function sample(text = 'plain'): ReportData {
  const noisy = steps.map((step) => Math.log(step) + (step % 7) / 10);
  return {
    title: `Countdown ${text}`,
    runId: `run ${text}`,
    status: text,
    method: text,
    seed: 7,
    commit: text,
    machine: text,
    startedAt: text,
    seconds: 61,
    summary: `It rose. ${text}`,
    before: { label: `Base ${text}`, passAt1: 0.31, low: 0.26, high: 0.36 },
    after: { label: `Tuned ${text}`, passAt1: 0.74, low: 0.69, high: 0.79 },
    evaluations: [0, 60, 120].map((step) => ({ step, passAt1: 0.3 + step / 300, low: 0.25, high: 0.8 })),
    metricGroups: [
      { title: 'Reward', explanation: `Climbs. ${text}`, series: [{ name: text, steps, values: noisy }] },
      {
        title: 'Reward',
        explanation: '',
        series: ['a', text].map((name) => ({
          name,
          steps: [1, 2, 3],
          values: [1, Number.NaN, 12_345],
        })),
      },
      { title: text, explanation: '', series: [{ name: 'broken', steps: [1], values: [Number.NaN] }] },
    ],
    tables: [{ title: text, columns: [text, 'n'], rows: [[text, 0.123456]] }],
    examples: [
      {
        prompt: text,
        reference: text,
        before: [{ text, score: 0 }],
        after: [
          { text, score: null },
          { text: '', score: 0.5 },
          { text, score: 1 },
        ],
      },
    ],
    config: { [text]: text },
    findings: [
      { level: 'info', message: 'last' },
      { level: 'error', message: text, advice: text },
    ],
  };
}

const hexColours = (svg: string) =>
  [...svg.matchAll(/(?:fill|stroke)="([^"]+)"/g)].map(([, colour]) => colour);
const svgsOf = (page: string) => page.match(/<svg.*?<\/svg>/gs) ?? [];

describe('the page', () => {
  let page: string;
  beforeAll(async () => {
    page = await reportPage(sample());
  });

  it('says what it was given', () => {
    for (const words of [
      '<h1>Countdown plain</h1>',
      '31.0%',
      '95% interval 69.0% to 79.0%',
      '+43.0 <span class="unit">points</span>',
      'The intervals are apart',
      'Climbs. plain',
      'a was not a finite number at step 2.',
      'No values were recorded.',
      '<td class="num">0.1235</td>',
      'not graded',
      'empty completion',
      '<summary>1 more</summary>',
    ])
      expect(page).toContain(words);
    expect(page.indexOf('✕ Error')).toBeLessThan(page.indexOf('ℹ Note'));
  });

  it('says when the change may be chance, or is for the worse', async () => {
    const { before, after } = sample();
    const near = await reportPage({ ...sample(), after: { ...after, passAt1: 0.35, low: 0.3, high: 0.4 } });
    expect(near).toContain('The intervals overlap');
    expect(await reportPage({ ...sample(), before: after, after: before })).toContain('got worse');
  });

  it('needs nothing but itself', () => {
    expect(page).not.toMatch(/<(script|link|img|iframe|object|embed)\b/i);
    const addresses = page.match(/(?:https?:)?\/\/[a-z][^\s"']*/gi) ?? [];
    expect(new Set(addresses)).toEqual(
      new Set(['http://www.w3.org/2000/svg', 'http://www.w3.org/1999/xlink']),
    );
    expect(page).not.toMatch(/@import|url\((?!#)/);
    expect(/http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1]).toMatch(
      /^default-src &#39;none&#39;;/,
    );
  });

  it('draws with theme colours only, so that a dark screen can swap them, and keeps ids apart', () => {
    const svgs = svgsOf(page);
    expect(svgs).toHaveLength(4);
    const known = new Set<string>([
      ...Object.values(COLOURS).map(({ light }) => light),
      'none',
      'transparent',
    ]);
    for (const svg of svgs) expect(hexColours(svg).filter((colour) => !known.has(colour))).toEqual([]);
    const ids = [...page.matchAll(/\bid="([^"]+)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('describes every chart in words', () => {
    const labels = [...page.matchAll(/role="img" aria-label="([^"]+)"/g)].map(([, label]) => label);
    expect(labels).toHaveLength(3);
    expect(labels[0]).toContain('from 30.0% at step 0 to 70.0% at step 120; best 70.0% at step 120');
    expect(labels[2]).toContain('a: 1 → 12345, between 1 and 12345.');
  });

  it('is the same text for the same data', async () => {
    expect(await reportPage(sample())).toBe(page);
  });

  it('lets nothing that a run holds become markup', async () => {
    const hostile = await reportPage(sample(HOSTILE));
    const tags = (text: string) => text.match(/<\/?[a-z][a-z0-9]*/gi) ?? [];
    expect(tags(hostile)).toEqual(tags(page));
    expect(hostile).toContain('&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;');
  });

  it('stands an almost empty run', async () => {
    const empty = await reportPage({
      ...sample(),
      evaluations: [],
      metricGroups: [],
      tables: [],
      examples: [],
      config: undefined,
      findings: [],
    });
    expect(empty).toContain('No evaluation was made.');
    expect(empty).toContain('No rule found anything to mention.');
    expect(svgsOf(empty)).toHaveLength(0);
    const one = await reportPage({ ...sample(), evaluations: sample().evaluations.slice(0, 1) });
    expect(svgsOf(one)).toHaveLength(4);
  });
});

describe('writeReport', () => {
  it('writes the page and one PNG a chart, with a name of its own, and no other file', async () => {
    const target = join(folder, 'new', 'run');
    const written = await writeReport(target, sample('Ünï/../cödé'));
    expect(written).toEqual({
      html: join(target, 'report.html'),
      plots: ['held-out', 'reward', 'reward-2'].map((name) => join(target, 'plots', `${name}.png`)),
    });
    expect(readdirSync(target).sort()).toEqual(['plots', 'report.html']);
    expect(readdirSync(join(target, 'plots')).sort()).toEqual(['held-out.png', 'reward-2.png', 'reward.png']);
    for (const plot of written.plots) {
      const png = readFileSync(plot);
      expect(png.toString('latin1', 1, 4)).toBe('PNG');
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1520, 760]);
    }
    expect(readFileSync(written.html, 'utf8')).toMatch(/<\/html>\n$/);
  });

  it('leaves an earlier page as it was when it cannot write, and says where and why', async () => {
    const target = join(folder, 'blocked');
    mkdirSync(target);
    writeFileSync(join(target, 'plots'), 'a file in the way');
    writeFileSync(join(target, 'report.html'), 'earlier');
    await expect(writeReport(target, sample())).rejects.toThrow(
      /^cannot write the report .*blocked.plots.held-out\.png: (EEXIST|ENOTDIR)/,
    );
    expect(readFileSync(join(target, 'report.html'), 'utf8')).toBe('earlier');

    const taken = join(folder, 'taken');
    mkdirSync(join(taken, 'report.html', 'x'), { recursive: true });
    await expect(writeReport(taken, sample())).rejects.toThrow(/cannot write the report .*report\.html: /);
    expect(readdirSync(taken).sort()).toEqual(['plots', 'report.html']);
    expect(existsSync(join(taken, 'report.html', 'x'))).toBe(true);
  });
});

it('text appears in PNG plots', async () => {
  const chart = {
    data: { values: [{}] },
    mark: { type: 'text', text: 'held-out', color: '#000000' },
  } as const;
  const svg = await renderSvg(chart, 'text');
  expect(svg).toContain('>held-out</text>');
  const drawn = await renderPng(svg, []);
  const blank = await renderPng(svg.replace('>held-out<', '><'), []);
  expect(Buffer.compare(drawn, blank)).not.toBe(0);
});

it('importing the room does not load vega or resvg', () => {
  const code = `
    import { createRequire } from 'node:module';
    const { cache } = createRequire(${JSON.stringify(import.meta.url)});
    const heavy = () => Object.keys(cache).filter((path) => /[/]node_modules[/](vega|@resvg)/.test(path)).length;
    const { writeReport } = await import(${JSON.stringify(new URL('./index.ts', import.meta.url).href)});
    const before = heavy();
    await import('vega');
    console.log(typeof writeReport, before, heavy() > 0);`;
  const child = spawnSync(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', code], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  expect(child.stdout + child.stderr).toBe('function 0 true\n');
});
