/** Gathers what a run's report tells from the record of the run. */
import { cpus } from 'node:os';
import type { MetricGroup, ReportData, ReportExample, ReportFinding, ReportTable } from '../report/index.ts';
import type { MetricSeries, RunRecord, Store, TrajectoryRecord } from '../store/index.ts';
import type { EvaluationSummary, Finding, Recipe, TrainSummary } from '../training/index.ts';
import { figure, percent, range } from './output/format.ts';
import { measuredOn, scoreOf } from './output/result.ts';

/** Groups of metrics in their order; a metric goes to the first that fits. */
const GROUPS: { title: string; explanation: string; fits: RegExp }[] = [
  {
    title: 'Reward',
    explanation:
      'Mean score of the attempts of each training step, and the share that passes (pass@1); pass@k: the share of groups of k in which one does. Should rise.',
    fits: /^reward\.(mean|passAt\d+)$/,
  },
  {
    title: 'Loss',
    explanation:
      'In supervised training it should fall; in reinforcement it hovers near 0 and says little by itself.',
    fits: /^loss$/,
  },
  {
    title: 'KL divergence',
    explanation: 'How far the policy has moved from its reference. A sudden rise is a warning.',
    fits: /kl/i,
  },
  {
    title: 'Entropy',
    explanation: 'How undecided the model is, in nats a token. Near 0 it no longer explores.',
    fits: /^entropy/i,
  },
  {
    title: 'Clipped updates',
    explanation: 'Share of tokens whose update was clipped. Large values mean steps too large for the data.',
    fits: /clip/i,
  },
  {
    title: 'Gradient norm',
    explanation: 'Global norm before clipping. Spikes come before trouble.',
    fits: /^gradNorm$/,
  },
  {
    title: 'Log-probability gap',
    explanation: 'Sampler against trainer on the same tokens, in nats. Should stay below 0.0001.',
    fits: /^logprobGap/,
  },
  {
    title: 'Groups without signal',
    explanation: 'Share of groups whose attempts all scored the same: they teach nothing.',
    fits: /^groups\.|^grades\.failed$/,
  },
  {
    title: 'Length',
    explanation: 'Tokens of an attempt.',
    fits: /^length\.(mean|max)$/,
  },
  { title: 'Learning rate', explanation: 'As the schedule set it.', fits: /^learningRate$/ },
  {
    title: 'Speed',
    explanation: 'Tokens a second over the whole step.',
    fits: /^time\.tokensPerSecond$/,
  },
  {
    title: 'Time by part',
    explanation: 'Seconds of each part of a step.',
    fits: /^time\.(sample|grade|score|train|step)$/,
  },
];

/** Everything a report tells of a finished run. */
export async function reportData(store: Store, record: RunRecord): Promise<ReportData> {
  const recipe = record.config as Recipe;
  const summary = record.summary as TrainSummary;
  const events = await store.events(record.id, {
    types: ['evaluation.finished', 'health.finding', 'run.warning'],
  });
  const evaluations = events.flatMap(({ type, step, data }) => {
    if (type !== 'evaluation.finished') return [];
    const { role, summary: measured } = data as { role: string; summary: EvaluationSummary };
    return role === 'select' ? [{ step, ...scoreOf(measured) }] : [];
  });
  const { before, after } = summary;
  return {
    title: record.name,
    runId: record.id,
    status: record.status,
    method: record.method,
    seed: record.seed,
    machine: machine(),
    startedAt: record.createdAt,
    seconds: summary.seconds,
    summary: sentence(before, after),
    before: { label: 'Before training', ...scoreOf(before) },
    after: { label: `After training (step ${summary.exportedStep})`, ...scoreOf(after) },
    evaluations,
    metricGroups: metricGroups(await store.metrics(record.id)),
    tables: [figuresTable(before, after)],
    examples: await examples(store, record, recipe, summary),
    config: recipe,
    findings: events.flatMap(({ type, step, data }) => finding(type, step, data)),
  };
}

/** Processor, operating system and runtime. */
export function machine(): string {
  const processors = cpus();
  const model = processors[0]?.model.trim() ?? 'unknown processor';
  return `${model}, ${processors.length} logical cores, ${process.platform} ${process.arch}, Node ${process.versions.node}`;
}

function sentence(before: EvaluationSummary, after: EvaluationSummary): string {
  const [a, b] = [before.passAt1.estimate, after.passAt1.estimate];
  const verb = b > a ? 'rose' : b < a ? 'fell' : 'stayed the same,';
  return `Held-out pass@1 ${verb} from ${percent(a)} to ${percent(b)} (${measuredOn(after)}).`;
}

function metricGroups(series: readonly MetricSeries[]): MetricGroup[] {
  const left = new Set(series);
  return GROUPS.flatMap(({ title, explanation, fits }) => {
    const chosen = [...left].filter(({ name }) => fits.test(name));
    for (const one of chosen) left.delete(one);
    return chosen.length === 0 ? [] : [{ title, explanation, series: chosen }];
  });
}

/** Every figure of two measurements of the same tasks. */
export function figuresTable(before: EvaluationSummary, after: EvaluationSummary): ReportTable {
  const interval = (value: EvaluationSummary['passAt1'] | undefined) =>
    value === undefined ? '–' : `${percent(value.estimate)} ${range(value.low, value.high)}`;
  const parts = [...new Set([...Object.keys(before.parts), ...Object.keys(after.parts)])];
  const plain = (value: number | undefined) => (value === undefined ? '–' : figure(value));
  return {
    title: `All figures (${measuredOn(after)})`,
    columns: ['figure', 'before', 'after'],
    rows: [
      ['pass@1', interval(before.passAt1), interval(after.passAt1)],
      ...Object.keys(after.passAt).map((k) => [
        `pass@${k}`,
        interval(before.passAt[k]),
        interval(after.passAt[k]),
      ]),
      ['mean score', interval(before.meanScore), interval(after.meanScore)],
      ...parts.map((name) => [`${name} (mean)`, plain(before.parts[name]), plain(after.parts[name])]),
      ['tokens (mean)', plain(before.lengthMean), plain(after.lengthMean)],
      ['cut at the token limit', percent(before.cutShare), percent(after.cutShare)],
      ['not graded', before.failed, after.failed],
    ],
  };
}

/** The same held-out tasks before and after: of the report's measurement where there is one. */
async function examples(
  store: Store,
  record: RunRecord,
  recipe: Recipe,
  summary: TrainSummary,
): Promise<ReportExample[]> {
  const split = summary.after.split;
  const last = recipe.report ? summary.steps : summary.exportedStep;
  const before = byTask(await store.trajectories(record.id, { split, step: 0 }));
  const after = byTask(await store.trajectories(record.id, { split, step: last }));
  const completions = (all: TrajectoryRecord[]) =>
    all.slice(0, 4).map(({ completion: text, score }) => ({ text, score }));
  return [...after].flatMap(([id, made]) => {
    const earlier = before.get(id);
    if (earlier === undefined) return [];
    return [{ prompt: made[0].prompt, before: completions(earlier), after: completions(made) }];
  });
}

function byTask(records: readonly TrajectoryRecord[]): Map<string, TrajectoryRecord[]> {
  const tasks = new Map<string, TrajectoryRecord[]>();
  for (const record of records) tasks.set(record.taskId, [...(tasks.get(record.taskId) ?? []), record]);
  return tasks;
}

function finding(type: string, step: number, data: unknown): ReportFinding[] {
  if (type === 'run.warning')
    return [{ level: 'warning', message: `Step ${step}: ${(data as { message: string }).message}` }];
  if (type !== 'health.finding') return [];
  const { message, cause, advice } = data as Finding;
  return [{ level: 'warning', message: `Step ${step}: ${message}. ${cause}`, advice }];
}
