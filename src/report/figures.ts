/** The parts of the report that are charts, each with its words for those who cannot see it. */
import { metricChart, scoreChart, stepRange } from './charts.ts';
import { averagingWindow } from './curve.ts';
import { number, percent } from './format.ts';
import { html, Markup } from './markup.ts';
import { renderSvg } from './render.ts';
import { seriesColour } from './theme.ts';
import type { MetricGroup, ReportData, ReportSeries } from './types.ts';

const WIDE = { width: 990, height: 360 };
const SMALL = { width: 340, height: 250 };
const METRIC = { width: 320, height: 170 };

function scoreWords({ evaluations, before }: ReportData): string {
  const first = evaluations[0];
  const last = evaluations[evaluations.length - 1];
  const best = evaluations.reduce((a, b) => (b.passAt1 > a.passAt1 ? b : a));
  return (
    `Held-out pass@1 from ${percent(first.passAt1)} at step ${first.step} to ${percent(last.passAt1)} at step ` +
    `${last.step}; best ${percent(best.passAt1)} at step ${best.step}; before training ${percent(before.passAt1)}.`
  );
}

/** The held-out score over training, with its band; drawn for wide and for narrow screens. */
export async function scoreSection(data: ReportData): Promise<Markup> {
  const head = html`<h2 id="score">Held-out score over training</h2>`;
  if (data.evaluations.length === 0)
    return html`<section aria-labelledby="score">${head}<p class="note">No evaluation was made.</p></section>`;
  const steps = stepRange(data);
  const [wide, small] = await Promise.all([
    renderSvg(scoreChart(data, { ...WIDE, steps }), 'score-wide'),
    renderSvg(scoreChart(data, { ...SMALL, steps }), 'score-small'),
  ]);
  const rows = data.evaluations.map(
    ({
      step,
      passAt1,
      low,
      high,
    }) => html`<tr><td class="num">${step}</td><td class="num">${percent(passAt1)}</td>
<td class="num">${percent(low)} to ${percent(high)}</td></tr>\n`,
  );
  return html`<section aria-labelledby="score">${head}
<p class="note">A line that climbs and stays up is learning. The band is the 95% interval: changes within it may be
chance. The dashed line is the model before training.</p>
<figure class="card chart">
<div role="img" aria-label="${scoreWords(data)}"><div class="wide">${new Markup(wide)}</div>
<div class="small">${new Markup(small)}</div></div>
<figcaption><details><summary>The same as a table</summary>
<div class="scroll" role="region" aria-label="Held-out pass@1 at each evaluation" tabindex="0"><table>
<thead><tr><th scope="col" class="num">Step</th><th scope="col" class="num">pass@1</th>
<th scope="col" class="num">95% interval</th></tr></thead><tbody>${rows}</tbody></table></div></details></figcaption>
</figure>
</section>`;
}

const finiteOf = ({ values }: ReportSeries) => values.filter(Number.isFinite);

function change(series: ReportSeries): string {
  const values = finiteOf(series);
  if (values.length === 0) return 'no values';
  const [first, last] = [values[0], values[values.length - 1]].map(number);
  return values.length === 1 ? last : `${first} → ${last}`;
}

function seriesWords(series: ReportSeries): string {
  const values = finiteOf(series);
  if (values.length === 0) return `${series.name}: no values.`;
  const least = values.reduce((a, b) => Math.min(a, b));
  const greatest = values.reduce((a, b) => Math.max(a, b));
  return `${series.name}: ${change(series)}, between ${number(least)} and ${number(greatest)}.`;
}

/** Steps whose value was not a number: a curve cannot show them, and they matter. */
function gapNote(series: ReportSeries): string | undefined {
  const steps = series.steps.filter((_, i) => !Number.isFinite(series.values[i]));
  if (steps.length === 0) return undefined;
  const shown = steps.slice(0, 3).join(', ') + (steps.length > 3 ? ', …' : '');
  return `${series.name} was not a finite number at ${steps.length === 1 ? 'step' : 'steps'} ${shown}.`;
}

async function metricFigure(group: MetricGroup, index: number, steps: [number, number]): Promise<Markup> {
  const { title, explanation, series } = group;
  const head = html`<h3>${title}</h3><p class="note">${explanation}</p>`;
  if (series.every((one) => finiteOf(one).length === 0))
    return html`<div class="card">${head}<p class="muted">No values were recorded.</p></div>`;
  const svg = await renderSvg(metricChart(group, { ...METRIC, steps }), `metric-${index}`);
  const legend = series.map(
    (one, i) => html`<li><span class="swatch" style="background:var(--${seriesColour(i)})"></span>
<span>${one.name} <span class="from">${change(one)}</span></span></li>`,
  );
  const notes = series.map(gapNote).filter((note) => note !== undefined);
  return html`<figure class="card chart">${head}<ul class="legend">${legend}</ul>
<div class="plot" role="img" aria-label="${title}. ${series.map(seriesWords).join(' ')}">${new Markup(svg)}</div>
${notes.length > 0 && html`<figcaption class="caption warn">${notes.join(' ')}</figcaption>`}</figure>`;
}

/** Small charts of the metrics; nothing when there are none. */
export async function metricsSection(data: ReportData): Promise<Markup | undefined> {
  const { metricGroups } = data;
  if (metricGroups.length === 0) return undefined;
  const figures = await Promise.all(metricGroups.map((group, i) => metricFigure(group, i, stepRange(data))));
  const averaged = metricGroups.some(({ series }) =>
    series.some(({ steps }) => averagingWindow(steps.length) > 1),
  );
  const note = averaged && html` Faint lines are the recorded values, bold lines their moving average.`;
  return html`<section aria-labelledby="metrics">
<h2 id="metrics">What happened inside</h2>
<p class="note">Metrics over training steps, with the first and the last value of each curve.${note}</p>
<div class="grid">${figures}</div>
</section>`;
}
