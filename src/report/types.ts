/** What a report tells. */

/** Held-out pass@1 in [0, 1] with the ends of its 95% interval. */
export interface Interval {
  passAt1: number;
  low: number;
  high: number;
}

/** One metric over steps; a value that is not finite leaves a gap and is mentioned. */
export interface ReportSeries {
  name: string;
  steps: number[];
  values: number[];
}

export interface MetricGroup {
  title: string;
  /** One line in plain language: what to look for. */
  explanation: string;
  series: ReportSeries[];
}

export interface ReportTable {
  title: string;
  columns: string[];
  rows: (string | number)[][];
}

export interface ReportCompletion {
  text: string;
  /** Null when grading failed: never the same as 0. */
  score: number | null;
}

export interface ReportExample {
  prompt: string;
  reference?: string;
  before: ReportCompletion[];
  after: ReportCompletion[];
}

export interface ReportFinding {
  level: 'info' | 'warning' | 'error';
  message: string;
  advice?: string;
}

export interface ReportData {
  title: string;
  runId: string;
  status: string;
  method: string;
  seed: number;
  commit?: string;
  machine: string;
  /** ISO 8601 time. */
  startedAt: string;
  /** Wall time. */
  seconds: number;
  /** One sentence, such as "Held-out pass@1 rose from 0.31 to 0.74." */
  summary: string;
  before: Interval & { label: string };
  after: Interval & { label: string };
  /** Held-out evaluations in step order. */
  evaluations: ({ step: number } & Interval)[];
  metricGroups: MetricGroup[];
  tables: ReportTable[];
  examples: ReportExample[];
  config: unknown;
  findings: ReportFinding[];
}
