/** The plots of a reproduction's report. */
import {
  type ArmCurve,
  type ArmPoint,
  armsPlot,
  curvesPlot,
  type PlotSpecification,
} from '../report/index.ts';
import type { Curve, PlotSpec, Reproduction } from './declaration.ts';
import type { ReproductionReport } from './report.ts';
import type { StoredResult } from './results.ts';

/** A drawing with its file name. */
export interface ReproductionPlot {
  file: string;
  title: string;
  spec: PlotSpecification;
}

const same = (a: readonly number[], b: readonly number[]) =>
  a.length === b.length && a.every((value, i) => value === b[i]);

/** The mean of curves over the same x; the curves themselves where their x differ. */
function meanCurve(arm: string, curves: readonly Curve[]): ArmCurve[] {
  const seeds = curves.map(({ x, y }) => ({ arm, x, y, role: 'seed' as const }));
  if (curves.length < 2 || !curves.every(({ x }) => same(x, curves[0].x)))
    return seeds.map((curve) => ({ ...curve, role: 'mean' as const }));
  const y = curves[0].x.map((_, i) => curves.reduce((sum, one) => sum + one.y[i], 0) / curves.length);
  return [...seeds, { arm, x: curves[0].x, y, role: 'mean' as const }];
}

function draw(
  plot: PlotSpec,
  report: ReproductionReport,
  results: readonly StoredResult[],
): PlotSpecification | undefined {
  const arms = (plot.arms ?? Object.keys(report.arms)).filter((arm) => arm in report.arms);
  if (plot.kind === 'arms') {
    const points = arms.flatMap((arm): ArmPoint[] => {
      const value = report.arms[arm].metrics[plot.metric];
      return value === undefined ? [] : [{ arm, ...value }];
    });
    const { label, as } = report.metrics[plot.metric];
    return points.length === 0
      ? undefined
      : armsPlot(points, { title: plot.title, label, percent: as === 'percent' });
  }
  const curves = arms.flatMap((arm) =>
    meanCurve(
      arm,
      results.filter((one) => one.arm === arm).flatMap((one) => one.curves?.[plot.curve] ?? []),
    ),
  );
  const { title, x, y } = plot;
  return curves.length === 0 ? undefined : curvesPlot(curves, { title, x, y });
}

/** The declared plots for which there are figures. */
export function plotsOf(
  { name, plots = [] }: Reproduction,
  report: ReproductionReport,
  results: readonly StoredResult[],
): ReproductionPlot[] {
  return plots.flatMap((plot, i) => {
    const spec = draw(plot, report, results);
    return spec === undefined ? [] : [{ file: `${name}-${i + 1}.png`, title: plot.title, spec }];
  });
}
