/** Reports of runs: a self-contained page, plots and curves in a line of text. */
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
export { type WrittenReport, writeReport } from './write.ts';
