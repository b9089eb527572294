/** Plots that set arms of an experiment side by side. */
import type { TopLevelSpec } from 'vega-lite';
import { frame } from './charts.ts';
import { COLOURS, seriesColour } from './theme.ts';

/** A chart that can be drawn. */
export type PlotSpecification = TopLevelSpec;

/** An arm's mean with its interval, where there is one, and the values it is the mean of. */
export interface ArmPoint {
  arm: string;
  mean: number;
  low: number | null;
  high: number | null;
  bySeed: readonly number[];
}

/** A curve of an arm: of one seed (faint) or the mean (bold). */
export interface ArmCurve {
  arm: string;
  x: readonly number[];
  y: readonly number[];
  role: 'seed' | 'mean';
}

const WIDTH = 760;
const HEIGHT = 380;
const ROW = 46;
/** Width of a legend's entry in pixels: what is around its name, and a character. */
const ENTRY = { around: 50, character: 6.6 };

const coloursOf = (arms: readonly string[]) => ({
  domain: [...arms],
  range: arms.map((_, i) => COLOURS[seriesColour(i)].light),
});

/** As many entries a row as fit in the plot. */
function legendColumns(arms: readonly string[]): number {
  const longest = Math.max(0, ...arms.map(({ length }) => length));
  const fitting = Math.floor(WIDTH / (ENTRY.around + ENTRY.character * longest));
  return Math.max(1, Math.min(arms.length, fitting));
}

/** One row an arm: the mean as a dot, its interval as a bar, the seeds as small rings. */
export function armsPlot(
  points: readonly ArmPoint[],
  { title, label, percent = false }: { title: string; label: string; percent?: boolean },
): PlotSpecification {
  const arms = points.map(({ arm }) => arm);
  const y = { field: 'arm', type: 'nominal', sort: [...arms], axis: { title: null, ticks: false } } as const;
  const axis = { title: label, tickCount: 6, grid: true, ...(percent && { format: '.0%' }) };
  const x = { type: 'quantitative', axis, scale: { zero: false, nice: true } } as const;
  const color = { field: 'arm', type: 'nominal', scale: coloursOf(arms), legend: null } as const;
  const seeds = points.flatMap(({ arm, bySeed }) => bySeed.map((value) => ({ arm, value })));
  return {
    ...frame({ width: WIDTH, height: 90 + ROW * arms.length, title }),
    layer: [
      {
        data: {
          values: points.filter(({ low }) => low !== null).map(({ arm, low, high }) => ({ arm, low, high })),
        },
        mark: { type: 'rule', strokeWidth: 4, opacity: 0.4 },
        encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' }, color },
      },
      {
        data: { values: seeds },
        mark: { type: 'point', size: 36, opacity: 0.8, strokeWidth: 1.5 },
        encoding: { y, x: { ...x, field: 'value' }, color },
      },
      {
        data: { values: points.map(({ arm, mean }) => ({ arm, mean })) },
        mark: { type: 'point', filled: true, size: 110, opacity: 1 },
        encoding: { y, x: { ...x, field: 'mean' }, color },
      },
    ],
  };
}

/** Curves of arms over the same axis: means bold, seeds faint. */
export function curvesPlot(
  curves: readonly ArmCurve[],
  { title, x: xTitle, y: yTitle }: { title: string; x: string; y: string },
): PlotSpecification {
  const arms = [...new Set(curves.map(({ arm }) => arm))];
  const valuesOf = (role: ArmCurve['role']) =>
    curves
      .filter((curve) => curve.role === role)
      .flatMap(({ arm, x, y }, line) => x.map((at, i) => ({ arm, line, x: at, y: y[i] })));
  const encoding = {
    x: {
      field: 'x',
      type: 'quantitative',
      axis: { title: xTitle, tickCount: 8 },
      scale: { zero: false, nice: false },
    },
    y: {
      field: 'y',
      type: 'quantitative',
      axis: { title: yTitle, tickCount: 5 },
      scale: { zero: false, nice: true },
    },
    color: {
      field: 'arm',
      type: 'nominal',
      scale: coloursOf(arms),
      legend: { symbolOpacity: 1, columns: legendColumns(arms) },
    },
    detail: { field: 'line', type: 'nominal' },
  } as const;
  return {
    ...frame({ width: WIDTH, height: HEIGHT, title }),
    layer: [
      { data: { values: valuesOf('seed') }, mark: { type: 'line', strokeWidth: 1, opacity: 0.3 }, encoding },
      {
        data: { values: valuesOf('mean') },
        mark: { type: 'line', strokeWidth: 2.5, strokeJoin: 'round', point: { size: 24 } },
        encoding,
      },
    ],
  };
}
