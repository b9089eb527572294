/** Writes the report of a run: one HTML page and PNG plots. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { TopLevelSpec } from 'vega-lite';
import { writeAtomically } from '../files/index.ts';
import { metricChart, scoreChart, stepRange } from './charts.ts';
import { withFonts } from './fonts.ts';
import { reportPage } from './page.ts';
import { renderPng, renderSvg } from './render.ts';
import type { ReportData } from './types.ts';

/** Paths of what was written. */
export interface WrittenReport {
  html: string;
  plots: string[];
}

const PLOT = { width: 760, height: 380 };

/** A name for a file: lower case letters, digits and dashes. */
function slug(title: string): string {
  const words = title
    .normalize('NFKD')
    .toLowerCase()
    .match(/[a-z0-9]+/g);
  return words?.join('-').slice(0, 60) ?? 'plot';
}

/** File names and specs of the plots, the held-out score first. */
function plotSpecs(data: ReportData): Map<string, TopLevelSpec> {
  const specs = new Map<string, TopLevelSpec>();
  const options = { ...PLOT, steps: stepRange(data) };
  if (data.evaluations.length > 0)
    specs.set('held-out', scoreChart(data, { ...options, title: `${data.title}: held-out pass@1` }));
  for (const group of data.metricGroups) {
    if (!group.series.some(({ values }) => values.some(Number.isFinite))) continue;
    const base = slug(group.title);
    let name = base;
    for (let i = 2; specs.has(name); i++) name = `${base}-${i}`;
    specs.set(name, metricChart(group, { ...options, title: group.title }));
  }
  return specs;
}

/** Writes a file whole, and its folder where that is missing. */
async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeAtomically(path, content);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot write the report ${path}: ${reason}`, { cause: error });
  }
}

/** Draws charts as PNG files of the given names in a folder; returns their paths. Throws as `writeReport` does. */
export async function writePlots(
  folder: string,
  files: ReadonlyMap<string, TopLevelSpec>,
): Promise<string[]> {
  if (files.size === 0) return [];
  return await withFonts(async (fontFiles) => {
    const paths: string[] = [];
    for (const [file, spec] of files) {
      const path = join(folder, file);
      await writeWhole(path, await renderPng(await renderSvg(spec, slug(file)), fontFiles));
      paths.push(path);
    }
    return paths;
  });
}

/**
 * Writes `report.html` and `plots/*.png` into `folder`, which is made when it is missing; earlier ones are replaced.
 * Throws an Error with the path and the cause when a file cannot be written.
 */
export async function writeReport(folder: string, data: ReportData): Promise<WrittenReport> {
  const files = new Map([...plotSpecs(data)].map(([name, spec]) => [`${name}.png`, spec]));
  const plots = await writePlots(join(folder, 'plots'), files);
  const page = join(folder, 'report.html');
  await writeWhole(page, await reportPage(data));
  return { html: page, plots };
}
