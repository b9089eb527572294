/** Reports of runs: a self-contained page, plots and curves in a line of text. */
export { type ArmCurve, type ArmPoint, armsPlot, curvesPlot, type PlotSpecification } from './comparison.ts';
export { sparkline } from './sparkline.ts';
export type {
  Interval,
  MetricGroup,
  ReportCompletion,
  ReportData,
  ReportExample,
  ReportFinding,
  ReportSeries,
  ReportTable,
} from './types.ts';
export { type WrittenReport, writePlots, writeReport } from './write.ts';
