/** What has become of each paper, as told by the committed reports. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Verdict } from './criteria.ts';
import { PAPERS, type Paper } from './paper-list.ts';
import { REPORT_FORMAT, type ReproductionReport } from './report.ts';

/** 'finished' and 'partial' as in the report; 'declared': can be run and has no report; 'planned': neither. */
export type PaperStatus = 'finished' | 'partial' | 'declared' | 'planned';

/** A paper with what is known of its reproduction; nulls where there is no report. */
export interface PaperState extends Paper {
  status: PaperStatus;
  verdict: Verdict | null;
  /** The inequality that settles the verdict, in one line. */
  figure: string | null;
  criteria: ReproductionReport['criteria'] | null;
  seeds: number[] | null;
  /** What reproduces it; null where nothing does yet. */
  command: string | null;
}

export const paperOf = (name: string): Paper | undefined => PAPERS.find((paper) => paper.name === name);

/** What reproduces a paper. */
export const commandOf = (name: string) => `burnish reproduce ${name}`;

async function readReport(folder: string, name: string): Promise<ReproductionReport | undefined> {
  const path = join(folder, `${name}.json`);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const report = JSON.parse(text) as ReproductionReport;
  if (report.format !== REPORT_FORMAT || report.name !== name)
    throw new Error(`${path} is no report of ${name}: format ${report.format}, name ${report.name}`);
  return report;
}

/**
 * All papers, by number. `folder`: the committed reports; `declared`: names of the reproductions that can be run.
 * Throws an Error naming a report that cannot be read.
 */
export async function paperStates(folder: string, declared: readonly string[]): Promise<PaperState[]> {
  return await Promise.all(
    PAPERS.map(async (paper) => {
      const report = await readReport(folder, paper.name);
      const isDeclared = declared.includes(paper.name);
      return {
        ...paper,
        status: report?.status ?? (isDeclared ? 'declared' : 'planned'),
        verdict: report?.verdict ?? null,
        figure: report?.figure ?? null,
        criteria: report?.criteria ?? null,
        seeds: report?.seeds ?? null,
        command: isDeclared ? commandOf(paper.name) : null,
      };
    }),
  );
}
