/** The report of a measurement outside training. */
import type { ReportData, ReportExample } from '../report/index.ts';
import type { Evaluation } from '../training/index.ts';
import type { Environment, Group, Task } from '../types/index.ts';
import { percent } from './output/format.ts';
import { measuredOn, scoreOf } from './output/result.ts';
import { figuresTable, machine } from './report-data.ts';
import type { Target } from './setup/target.ts';

const EXAMPLES = 20;

const textOf = (prompt: Task['prompt']) =>
  typeof prompt === 'string' ? prompt : prompt.map(({ role, content }) => `${role}: ${content}`).join('\n');

function completions(group: Group | undefined) {
  return (group?.trajectories ?? []).slice(0, 4).map(({ completion: text, grade }) => ({
    text,
    score: grade.status === 'graded' ? grade.score : null,
  }));
}

/** What the report tells; `before` is the base model's measurement, or `after` itself where there is none. */
export function evaluationReport(measured: {
  target: Target;
  environment: Environment;
  settings: unknown;
  before: Evaluation;
  after: Evaluation;
  seconds: number;
}): ReportData {
  const { target, environment, settings, before, after, seconds } = measured;
  const alone = before === after;
  const examples: ReportExample[] = after.groups.slice(0, EXAMPLES).map((group, i) => ({
    prompt: textOf(group.task.prompt),
    before: alone ? [] : completions(before.groups[i]),
    after: completions(group),
  }));
  const { passAt1 } = after.summary;
  return {
    title: `${target.name} on ${environment.name}`,
    runId: target.run?.record.id ?? target.name,
    status: 'finished',
    method: 'evaluation',
    seed: target.run?.recipe.seed ?? 0,
    machine: machine(),
    startedAt: new Date(Date.now() - 1000 * seconds).toISOString(),
    seconds,
    summary: `Pass@1 is ${percent(passAt1.estimate)} (${measuredOn(after.summary)}).`,
    before: { label: alone ? 'The model itself (no base model)' : 'Base model', ...scoreOf(before.summary) },
    after: { label: 'Model', ...scoreOf(after.summary) },
    evaluations: [],
    metricGroups: [],
    tables: [figuresTable(before.summary, after.summary)],
    examples,
    config: settings,
    findings: [],
  };
}
