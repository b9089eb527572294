/** Writes a reproduction's report: Markdown, JSON and plots. */
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../files/index.ts';
import { writePlots } from '../report/index.ts';
import type { Reproduction } from './declaration.ts';
import { reportMarkdown } from './markdown.ts';
import { paperOf } from './papers.ts';
import { plotsOf } from './plots.ts';
import { packageFolder } from './provenance.ts';
import type { ReproductionReport } from './report.ts';
import type { StoredResult } from './results.ts';

/** Folder of the committed reports. */
export const PUBLISHED = join(packageFolder, 'docs', 'reproductions');

export interface WriteOptions {
  reproduction: Reproduction;
  report: ReproductionReport;
  results: readonly StoredResult[];
  /** Where `<name>.md`, `<name>.json` and the plots go. */
  folder: string;
  /** Folder of notes that people wrote, one file `<name>.md` each; the committed ones unless given. */
  notes?: string;
}

/** Paths of what was written. */
export interface WrittenReproduction {
  markdown: string;
  json: string;
  plots: string[];
}

/** Writes the report into a folder, which is made when it is missing; earlier files of the same names are replaced. */
export async function writeReproduction(options: WriteOptions): Promise<WrittenReproduction> {
  const { reproduction, report, results, folder, notes = join(PUBLISHED, 'notes') } = options;
  const { name } = report;
  await mkdir(folder, { recursive: true });
  const drawn = plotsOf(reproduction, report, results);
  const plots = await writePlots(folder, new Map(drawn.map(({ file, spec }) => [file, spec])));
  const whole = { ...report, plots: drawn.map(({ file, title }) => ({ file, title })) };
  const paper = paperOf(name);
  const text = reportMarkdown(whole, {
    paper: paper && `${paper.title} (${paper.year}), arXiv ${paper.arxiv}`,
    published: reproduction.published,
    notes: await readFile(join(notes, `${name}.md`), 'utf8').catch(() => undefined),
  });
  const markdown = join(folder, `${name}.md`);
  const json = join(folder, `${name}.json`);
  await writeAtomically(json, `${JSON.stringify(whole, null, 2)}\n`);
  await writeAtomically(markdown, text);
  return { markdown, json, plots };
}
