/** The parts of the report that are words and figures. */
import { duration, moment, number, percent, points } from './format.ts';
import { html, type Markup } from './markup.ts';
import type { Interval, ReportData, ReportFinding, ReportTable } from './types.ts';

const STATUS_CLASS: Record<string, string> = { finished: 'good', failed: 'bad', interrupted: 'warn' };

/** Title, summary and the facts of the run. */
export function headerSection(data: ReportData): Markup {
  const facts: [string, string | Markup][] = [
    ['Method', data.method],
    ['Seed', String(data.seed)],
    ['Started', html`<time datetime="${data.startedAt}">${moment(data.startedAt)}</time>`],
    ['Duration', duration(data.seconds)],
    ['Machine', data.machine],
    ['Run', data.runId],
  ];
  if (data.commit !== undefined) facts.push(['Commit', data.commit]);
  return html`<header>
<p class="eyebrow"><span>Burnish training report</span>
<span class="tag ${STATUS_CLASS[data.status] ?? 'muted'}">${data.status}</span></p>
<h1>${data.title}</h1>
<p class="lead">${data.summary}</p>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</header>`;
}

const within = (share: number) => Math.min(100, Math.max(0, 100 * share)).toFixed(2);

function resultCard({ label, passAt1, low, high }: Interval & { label: string }): Markup {
  const width = (Number(within(high)) - Number(within(low))).toFixed(2);
  return html`<div class="card">
<p class="label">${label}</p>
<p class="figure">${percent(passAt1)}</p>
<div class="strip" aria-hidden="true"><span class="band" style="left:${within(low)}%;width:${width}%"></span>
<span class="dot" style="left:${within(passAt1)}%"></span></div>
<p class="detail">95% interval ${percent(low)} to ${percent(high)}</p>
</div>`;
}

/** What the intervals allow to be said about the change. */
function verdict(before: Interval, after: Interval): string {
  if (after.low > before.high) return 'The intervals are apart: this is an improvement beyond chance.';
  if (after.high < before.low) return 'The intervals are apart: the model got worse, beyond chance.';
  return 'The intervals overlap: the change may be chance.';
}

/** Before, after and the change between them. */
export function resultSection({ before, after }: ReportData): Markup {
  const [figure, unit] = points(after.passAt1 - before.passAt1).split(' ');
  const tone = after.low > before.high ? 'good' : after.high < before.low ? 'bad' : 'muted';
  return html`<section aria-labelledby="result">
<h2 id="result">Held-out pass@1</h2>
<p class="note">Share of tasks that were kept out of training and are solved at the first attempt.</p>
<div class="result">${resultCard(before)}${resultCard(after)}
<div class="card"><p class="label">Change</p>
<p class="figure ${tone}">${figure} <span class="unit">${unit}</span></p>
<p class="detail">${verdict(before, after)}</p></div></div>
</section>`;
}

const LEVELS: Record<ReportFinding['level'], { name: string; tone: string }> = {
  error: { name: '✕ Error', tone: 'bad' },
  warning: { name: '⚠ Warning', tone: 'warn' },
  info: { name: 'ℹ Note', tone: 'muted' },
};

/** What the health rules found, worst first. */
export function findingsSection({ findings }: ReportData): Markup {
  const order = Object.keys(LEVELS);
  const sorted = findings.toSorted((a, b) => order.indexOf(a.level) - order.indexOf(b.level));
  const list = html`<ul class="findings">${sorted.map(
    ({ level, message, advice }) => html`<li class="card ${LEVELS[level].tone}">
<span class="level">${LEVELS[level].name}</span>
<p>${message}</p>${advice !== undefined && html`<p class="advice">${advice}</p>`}</li>`,
  )}</ul>`;
  return html`<section aria-labelledby="findings">
<h2 id="findings">Health of the run</h2>
${findings.length > 0 ? list : html`<p class="note">No rule found anything to mention.</p>`}
</section>`;
}

function table({ title, columns, rows }: ReportTable): Markup {
  const numeric = columns.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const cell = (value: string | number, i: number) => {
    const text = typeof value === 'number' ? number(value) : value;
    if (i === 0 && !numeric[0]) return html`<th scope="row">${text}</th>`;
    return html`<td${numeric[i] && html` class="num"`}>${text}</td>`;
  };
  const head = columns.map(
    (name, i) => html`<th scope="col"${numeric[i] && html` class="num"`}>${name}</th>`,
  );
  return html`<div><h3>${title}</h3>
<div class="card"><div class="scroll" role="region" aria-label="${title}" tabindex="0"><table>
<thead><tr>${head}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map(cell)}</tr>\n`)}</tbody>
</table></div></div></div>`;
}

/** The tables, each scrolling sideways on its own where the screen is narrow. */
export function tablesSection({ tables }: ReportData): Markup | undefined {
  if (tables.length === 0) return undefined;
  return html`<section aria-labelledby="tables">
<h2 id="tables">Figures</h2>
<div class="tables">${tables.map(table)}</div>
</section>`;
}

/** The configuration, folded away. */
export function configSection({ config }: ReportData): Markup | undefined {
  const text = JSON.stringify(config, null, 2) as string | undefined;
  if (text === undefined) return undefined;
  return html`<section aria-labelledby="config">
<h2 id="config">Configuration</h2>
<details class="card"><summary>Everything the run was told</summary>
<pre>${text}</pre></details>
</section>`;
}
