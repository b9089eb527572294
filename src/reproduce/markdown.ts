/** The report of a reproduction for people. */
import type { CriterionResult } from './criteria.ts';
import type { PublishedFigures } from './declaration.ts';
import { declaredOf, effectOf, metricRange, metricValue, verdictWords } from './figures.ts';
import type { MeanOverSeeds, ReproductionReport } from './report.ts';

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function minutes(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(1)} min`;
}

function criterionRow(report: ReproductionReport, result: CriterionResult): string[] {
  const info = report.metrics[result.of];
  const { left, right, agree, seeds, reason, verdict } = result;
  const sides =
    left === null || right === null ? '–' : `${metricValue(left, info)} against ${metricValue(right, info)}`;
  return [
    result.says,
    declaredOf(result, info),
    sides,
    effectOf(result, info),
    agree === null ? '–' : `${agree} of ${seeds.length}`,
    reason === undefined ? verdict : `${verdict} (${reason})`,
  ];
}

function criteriaTable(report: ReproductionReport, results: readonly CriterionResult[]): string {
  const head = ['inequality', 'declared', 'measured', 'effect [95 %]', 'seeds that agree', 'verdict'];
  return table(
    head,
    results.map((result) => criterionRow(report, result)),
  );
}

function meanCell(value: MeanOverSeeds | undefined, report: ReproductionReport, metric: string): string {
  if (value === undefined) return '–';
  const info = report.metrics[metric];
  const { mean, low, high } = value;
  const range = low === null || high === null ? '' : ` ${metricRange(low, high, info)}`;
  return `${metricValue(mean, info)}${range}`;
}

function armTable(report: ReproductionReport): string {
  const metrics = Object.keys(report.metrics);
  const head = [
    'arm',
    ...metrics.map((metric) => report.metrics[metric].label),
    report.budget.unit,
    'time, by seed',
  ];
  const rows = Object.entries(report.arms).map(([name, arm]) => [
    name,
    ...metrics.map((metric) => meanCell(arm.metrics[metric], report, metric)),
    arm.spent === null ? '–' : Math.round(arm.spent).toLocaleString('en-US'),
    arm.seconds.map(minutes).join(', '),
  ]);
  return table(head, rows);
}

function armList(report: ReproductionReport): string {
  return Object.entries(report.arms)
    .map(([name, { title, settings }]) => {
      const words = Object.entries(settings).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
      return `- **${name}**: ${title}${words.length === 0 ? '' : ` (${words.join(', ')})`}`;
    })
    .join('\n');
}

function seedTable(report: ReproductionReport): string {
  const { criteria, arms } = report;
  const metrics = [...new Set(criteria.map(({ of }) => of))].filter((of) => of in report.metrics);
  return metrics
    .map((metric) => {
      const rows = Object.entries(arms).flatMap(([name, arm]) => {
        const values = report.seeds.map(
          (seed) => report.results.find((one) => one.arm === name && one.seed === seed)?.metrics[metric],
        );
        if (arm.metrics[metric] === undefined) return [];
        return [
          [
            name,
            ...values.map((value) =>
              value === undefined ? '–' : metricValue(value, report.metrics[metric]),
            ),
          ],
        ];
      });
      return table([report.metrics[metric].label, ...report.seeds.map((seed) => `seed ${seed}`)], rows);
    })
    .join('\n\n');
}

function published({ columns, rows, note }: PublishedFigures): string {
  return `## Figures of the paper\n\n${table(columns, rows)}${note === undefined ? '' : `\n\n${note}`}\n`;
}

function section(title: string, body: string): string {
  return body === '' ? '' : `## ${title}\n\n${body}\n`;
}

/** What the report takes from elsewhere. */
export interface MarkdownParts {
  /** Title of the paper with its source; none for a reproduction of no paper. */
  paper?: string;
  published?: PublishedFigures;
  /** Written by a person about these runs. */
  notes?: string;
}

/** `<name>.md`. */
export function reportMarkdown(report: ReproductionReport, parts: MarkdownParts): string {
  const { name, title, claim, verdict, status, criteria, alsoMeasured, budget, warnings, failures } = report;
  const spread =
    budget.spread === null ? '' : ` Measured, the arms differ by ${(100 * budget.spread).toFixed(1)} %.`;
  const sections = [
    `# ${name}: ${title}\n`,
    parts.paper === undefined ? '' : `Paper: ${parts.paper}\n`,
    `Claim: ${claim}\n`,
    `**Verdict: ${verdictWords(verdict)}.** ${report.figure}.\n`,
    status === 'partial'
      ? 'Not every declared arm and seed is finished: these figures are preliminary.\n'
      : '',
    ...warnings.map((warning) => `**Note:** ${warning}\n`),
    `The claim holds when every inequality of this table does, and does not when one does not; an inequality holds when its
whole 95 % interval is on the declared side, does not hold when none of it is, and is inconclusive otherwise.
Intervals are paired bootstrap intervals; the inequalities were declared before the runs.\n`,
    `${criteriaTable(report, criteria)}\n`,
    section('Also measured', alsoMeasured.length === 0 ? '' : criteriaTable(report, alsoMeasured)),
    section('Arms', `${armList(report)}\n\n${armTable(report)}`),
    section('By seed', seedTable(report)),
    ...report.plots.map((plot) => `![${plot.title}](${plot.file})\n`),
    section('Budget', `Unit: ${budget.unit}. ${budget.equality}${spread}`),
    parts.published === undefined ? '' : published(parts.published),
    parts.notes === undefined ? '' : `${parts.notes.trim()}\n`,
    section('What failed', failures.map(({ id, message }) => `- ${id}: ${message}`).join('\n')),
    section(
      'How it was run',
      `\`${report.command}\` at ${report.commits.map((one) => (one.startsWith('version') ? one : `commit ${one}`)).join(', ')} on ${report.machines.join(' and ')}.
One thread an arm; ${report.minutes.toFixed(1)} minutes for all arms and seeds one after the other. Seeds ${report.seeds.join(', ')}.
Every figure of the tables is in \`${name}.json\`.`,
    ),
  ];
  return `${sections.filter((text) => text !== '').join('\n')}`;
}
