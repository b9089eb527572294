/** Looks through a dataset of OpenAI's line by line. */
import { graderSchema } from '../../graders/openai/index.ts';
import type { LineKind } from '../dataset/lines.ts';
import { problemsText, readDataset } from '../dataset/read-dataset.ts';
import { itemCheck } from '../jobs/create-job.ts';
import type { ExportedJob, Finding } from './findings.ts';

/** What becomes of a file. Throws an Error where it cannot be read. */
export async function checkDataset(
  file: string,
  kind: string,
  path: string,
  job: ExportedJob,
): Promise<Finding[]> {
  if (kind !== 'supervised' && kind !== 'dpo' && kind !== 'reinforcement') return [];
  const own = (job.method as Record<string, { grader?: unknown } | undefined> | null | undefined)?.[kind];
  const grader = graderSchema.safeParse(own?.grader);
  const check = itemCheck(kind === 'reinforcement' && grader.success ? grader.data : null);
  const { tasks, problems, duplicates } = await readDataset(file, kind as LineKind, check);
  const findings: Finding[] = [];
  if (problems.length > 0)
    findings.push({
      kind: 'fails',
      path,
      text: `${problems.length} lines cannot be used: ${problemsText(problems)}`,
    });
  if (tasks.length > 0) findings.push({ kind: 'works', path, text: `${tasks.length} examples` });
  else if (problems.length === 0) findings.push({ kind: 'fails', path, text: 'it holds no examples' });
  if (duplicates.length > 0)
    findings.push({
      kind: 'maps',
      path,
      text: `${duplicates.length} lines repeat others; they count as often`,
    });
  return findings;
}
