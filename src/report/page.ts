/** Puts the report together as one HTML page that needs nothing else. */
import { examplesSection } from './examples.ts';
import { metricsSection, scoreSection } from './figures.ts';
import { html, Markup } from './markup.ts';
import { configSection, findingsSection, headerSection, resultSection, tablesSection } from './sections.ts';
import { styleSheet } from './style.ts';
import type { ReportData } from './types.ts';

/** Forbids the page to load or run anything, so that no completion can make it. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

/** The whole page. The same data gives the same text. */
export async function reportPage(data: ReportData): Promise<string> {
  const [score, metrics] = await Promise.all([scoreSection(data), metricsSection(data)]);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<title>${data.title} · Burnish report</title>
<style>${new Markup(styleSheet())}</style>
</head>
<body>
<main>
${headerSection(data)}
${resultSection(data)}
${score}
${findingsSection(data)}
${tablesSection(data)}
${metrics}
${examplesSection(data)}
${configSection(data)}
<footer>Made by Burnish. This page is one file and loads nothing from anywhere.</footer>
</main>
</body>
</html>
`;
  return page.source;
}
