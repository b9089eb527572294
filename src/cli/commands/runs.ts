/** `burnish runs`: lists runs, shows one, compares several. */
import { sparkline } from '../../report/sparkline.ts';
import type { RunRecord, Store } from '../../store/index.ts';
import { differingKeys, type Finding, type TrainSummary } from '../../training/index.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { clock, figure, percent, range, table } from '../output/format.ts';
import { beforeAfterLines, measuredOn, scoreOf } from '../output/result.ts';
import { cut } from '../output/style.ts';
import { Terminal } from '../output/terminal.ts';
import { DEFAULT_ROOT, needRun, openRunStore } from '../setup/run-place.ts';
import { shownPath } from '../training-run.ts';

export interface RunsOptions {
  runs?: string;
  json?: boolean;
}

const summaryOf = (record: RunRecord) => record.summary as TrainSummary | null;

/** A run as programs read it. */
function asObject(record: RunRecord) {
  const summary = summaryOf(record);
  const { id, name, method, status, seed, folder, createdAt, updatedAt, error } = record;
  return {
    ...{ id, name, method, status, seed, folder, createdAt, updatedAt, error },
    before: summary && scoreOf(summary.before),
    after: summary && scoreOf(summary.after),
    seconds: summary?.seconds ?? null,
  };
}

async function withStore<Result>(root: string, work: (store: Store) => Promise<Result>): Promise<Result> {
  const store = await openRunStore(root, { readOnly: true });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
}

/** Newest first. */
export async function listRuns(options: RunsOptions & { limit: number }): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const records = await withStore(options.runs ?? DEFAULT_ROOT, (store) =>
    store.runs({ limit: options.limit }),
  );
  const rows = records.map((record) => {
    const summary = summaryOf(record);
    return [
      record.id,
      cut(record.method, 11),
      record.status,
      summary
        ? `${percent(summary.before.passAt1.estimate)} → ${percent(summary.after.passAt1.estimate)}`
        : '',
      summary ? clock(summary.seconds) : '',
    ];
  });
  const [head, ...lines] = table([['run', 'method', 'status', 'pass@1', 'time'], ...rows]);
  terminal.print(terminal.style.bold(head));
  for (const line of lines) terminal.print(line);
  if (records.length === 0) terminal.print('no runs yet');
  terminal.object(records.map(asObject));
  return EXIT.ok;
}

/** Metrics worth a line in a terminal, where a run has them. */
const SHOWN = [
  'eval.passAt1',
  'reward.mean',
  'loss',
  'entropy',
  'kl',
  'gradNorm',
  'logprobGap.max',
  'length.mean',
  'time.tokensPerSecond',
];

export async function showRun(what: string, options: RunsOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const { bold, dim, yellow, red } = terminal.style;
  const { record, root } = await needRun(what, options.runs);
  const { metrics, findings } = await withStore(root, async (store) => ({
    metrics: await store.metrics(record.id),
    findings: await store.events(record.id, { types: ['health.finding', 'run.warning'] }),
  }));
  terminal.print(`${bold(record.id)}  ${record.status}`);
  terminal.print(dim(`${record.method}, seed ${record.seed}, begun ${record.createdAt.slice(0, 19)}Z`));
  terminal.print(dim(shownPath(record.folder)));
  if (record.error !== null) terminal.print(red(record.error));
  const summary = summaryOf(record);
  if (summary) {
    terminal.print();
    for (const line of beforeAfterLines(summary.before, summary.after, terminal.style)) terminal.print(line);
  }
  const shown = SHOWN.flatMap((name) => metrics.filter((series) => series.name === name));
  if (shown.length > 0) terminal.print();
  for (const { name, values } of shown) {
    const [first, last] = [values[0], values[values.length - 1]];
    terminal.print(
      `  ${name.padEnd(20)} ${sparkline(values, 24).padEnd(24)} ${figure(first)} → ${figure(last)}`,
    );
  }
  for (const { step, type, data } of findings) {
    const { message } = data as Finding;
    terminal.print(yellow(`! step ${step}: ${message}`));
    if (type === 'health.finding') terminal.print(dim(`  ${(data as Finding).advice}`));
  }
  terminal.object({ ...asObject(record), config: record.config, metrics, findings });
  return EXIT.ok;
}

/** Scores of several runs, and the settings in which they differ. */
export async function compareRuns(which: readonly string[], options: RunsOptions): Promise<ExitCode> {
  if (which.length < 2) throw new CliError(`${which.length} run given: expected at least two to compare`);
  const terminal = new Terminal(options);
  const { bold, dim } = terminal.style;
  const records: RunRecord[] = [];
  for (const what of which) records.push((await needRun(what, options.runs)).record);
  const rows = records.map((record) => {
    const summary = summaryOf(record);
    if (!summary) return [cut(record.id, 34), record.status, '', '', ''];
    const { before, after, seconds } = summary;
    return [
      cut(record.id, 34),
      percent(before.passAt1.estimate),
      `${percent(after.passAt1.estimate)} ${range(after.passAt1.low, after.passAt1.high)}`,
      measuredOn(after).split(',')[0],
      clock(seconds),
    ];
  });
  const [head, ...lines] = table([['run', 'before', 'after', 'on', 'time'], ...rows]);
  terminal.print(bold(head));
  for (const line of lines) terminal.print(line);
  const paths = [
    ...new Set(records.slice(1).flatMap((record) => differingKeys(records[0].config, record.config))),
  ].sort();
  terminal.print();
  terminal.print(paths.length === 0 ? 'The settings are the same.' : bold('Settings that differ'));
  for (const path of paths) {
    const values = records.map((record) => cut(JSON.stringify(at(record.config, path)) ?? 'none', 28));
    terminal.print(`  ${path}: ${values.join(dim(' | '))}`);
  }
  const settings = paths.map((path) => [path, records.map((record) => at(record.config, path) ?? null)]);
  terminal.object({ runs: records.map(asObject), settings: Object.fromEntries(settings) });
  return EXIT.ok;
}

function at(value: unknown, path: string): unknown {
  let here = value;
  for (const key of path.split('.')) here = (here as Record<string, unknown> | null | undefined)?.[key];
  return here;
}
