/** Chart descriptions in Vega-Lite: one source for the curves in the page and the PNG plots. */
import type { TopLevelSpec } from 'vega-lite';
import { averagingWindow, movingAverage, pointsOf, thin } from './curve.ts';
import { COLOURS, type ColourName, seriesColour } from './theme.ts';
import type { Interval, MetricGroup, ReportData } from './types.ts';

/** Size of the plotting area in pixels, and a title for charts that stand alone. */
export interface ChartOptions {
  width: number;
  height: number;
  title?: string;
  /** First and last step of the axis, the same for all charts of a report. */
  steps: [first: number, last: number];
}

const MAX_POINTS = 400;
const ink = (name: ColourName) => COLOURS[name].light;

/** Size, background and styles of a chart; one with a title stands alone. */
export function frame({ width, height, title }: Omit<ChartOptions, 'steps'>) {
  const text = {
    labelColor: ink('muted'),
    titleColor: ink('muted'),
    labelFontSize: 12,
    titleFontSize: 12,
    titleFontWeight: 'normal',
  } as const;
  return {
    width,
    height,
    ...(title !== undefined && { title }),
    padding: title === undefined ? 2 : 16,
    autosize: { type: 'fit', contains: 'padding' },
    background: title === undefined ? 'transparent' : ink('card'),
    config: {
      aria: false,
      font: 'sans-serif',
      view: { stroke: null },
      title: { anchor: 'start', fontSize: 16, fontWeight: 'bold', color: ink('ink'), offset: 14 },
      axis: { ...text, grid: true, gridColor: ink('line'), domain: false, ticks: false, labelPadding: 8 },
      axisX: { grid: false, domain: true, domainColor: ink('axis'), titlePadding: 8 },
      legend: {
        ...text,
        labelColor: ink('ink'),
        orient: 'top',
        title: null,
        labelLimit: 400,
        symbolStrokeWidth: 3,
      },
    },
  } as const;
}

/** First and last step of anything in the report; one apart at least. */
export function stepRange({ evaluations, metricGroups }: ReportData): [first: number, last: number] {
  const steps = metricGroups.flatMap(({ series }) => series.flatMap((one) => one.steps));
  for (const { step } of evaluations) steps.push(step);
  const first = steps.reduce((a, b) => Math.min(a, b), Infinity);
  const last = steps.reduce((a, b) => Math.max(a, b), -Infinity);
  if (steps.length === 0) return [0, 1];
  return [first, Math.max(last, first + 1)];
}

/** The x axis: whole steps, as many labels as the width holds. */
function stepAxis({ width, steps }: ChartOptions) {
  const axis = { title: 'training step', format: ',d', tickMinStep: 1, tickCount: Math.floor(width / 90) };
  return {
    field: 'x',
    type: 'quantitative',
    axis,
    scale: { domain: steps, nice: false, zero: false },
  } as const;
}

/** Upper end of the score axis: a round share above everything drawn. */
function scoreTop(intervals: readonly Interval[]): number {
  const top = Math.max(...intervals.map(({ high, passAt1 }) => Math.max(high, passAt1)));
  return Math.min(1, Math.max(0.1, Math.ceil(top * 10 + 0.25) / 10));
}

/** Held-out pass@1 with its band over steps; the dashed line is where it started. */
export function scoreChart(data: ReportData, options: ChartOptions): TopLevelSpec {
  const color = ink('series0');
  const values = data.evaluations.map(({ step, passAt1, low, high }) => ({ x: step, y: passAt1, low, high }));
  const domain = [0, scoreTop([...data.evaluations, data.before])];
  const y = {
    type: 'quantitative',
    scale: { domain },
    axis: { title: null, format: '.0%', tickCount: 5 },
  } as const;
  const x = stepAxis(options);
  const band =
    values.length > 1
      ? ({ type: 'area', color, opacity: 0.16, interpolate: 'linear' } as const)
      : ({ type: 'rule', color, opacity: 0.4, strokeWidth: 4 } as const);
  return {
    ...frame(options),
    data: { values },
    layer: [
      {
        data: { values: [{ y: data.before.passAt1 }] },
        mark: { type: 'rule', color: ink('muted'), opacity: 0.7, strokeDash: [5, 4], strokeWidth: 1.5 },
        encoding: { y: { ...y, field: 'y' } },
      },
      { mark: band, encoding: { x, y: { ...y, field: 'low' }, y2: { field: 'high' } } },
      {
        mark: { type: 'line', color, strokeWidth: 2.5, strokeJoin: 'round' },
        encoding: { x, y: { ...y, field: 'y' } },
      },
      {
        mark: { type: 'point', filled: true, fill: color, size: values.length > 40 ? 18 : 42, opacity: 1 },
        encoding: { x, y: { ...y, field: 'y' } },
      },
    ],
  };
}

/** A d3 number format that suits values of this size. */
function formatFor(largest: number): string {
  if (largest >= 1e6) return '~s';
  if (largest >= 1e4) return ',.0f';
  return largest > 0 && largest < 0.001 ? '.1~e' : '.3~g';
}

/** The series of a metric group over steps: faint as recorded, bold as averaged. A legend only where it stands alone. */
export function metricChart(group: MetricGroup, options: ChartOptions): TopLevelSpec {
  const names = group.series.map(({ name }) => name);
  const range = names.map((_, i) => ink(seriesColour(i)));
  const legend = options.title !== undefined && names.length > 1 ? { symbolOpacity: 1 } : null;
  const tagged = (i: number, curve: { x: number; y: number | null }[]) =>
    thin(curve, MAX_POINTS).map((point) => ({ ...point, series: names[i] }));
  const raw = group.series.map(pointsOf);
  const windows = raw.map((curve) => averagingWindow(curve.length));
  const faint = raw.flatMap((curve, i) => (windows[i] > 1 ? tagged(i, curve) : []));
  const bold = raw.flatMap((curve, i) => tagged(i, movingAverage(curve, windows[i])));
  const drawn = [...faint, ...bold].flatMap(({ y }) => (y === null ? [] : [y]));
  const lonely = raw.every((curve) => curve.length < 2);
  // Round caps make a dot of a point between two gaps.
  const round = { strokeWidth: 2, strokeJoin: 'round', strokeCap: 'round' } as const;
  const mark = lonely
    ? ({ type: 'point', filled: true, size: 42, opacity: 1 } as const)
    : ({ type: 'line', ...round, invalid: 'break-paths-show-path-domains' } as const);
  const encoding = {
    x: stepAxis(options),
    y: {
      field: 'y',
      type: 'quantitative',
      scale: { zero: false, nice: true },
      axis: { title: null, format: formatFor(Math.max(0, ...drawn.map(Math.abs))), tickCount: 4 },
    },
    color: { field: 'series', type: 'nominal', scale: { domain: names, range }, legend },
  } as const;
  return {
    ...frame(options),
    layer: [
      {
        data: { values: faint },
        mark: { type: 'line', strokeWidth: 1, opacity: 0.28, invalid: 'break-paths-show-path-domains' },
        encoding,
      },
      {
        data: { values: bold },
        mark,
        encoding,
      },
    ],
  };
}
