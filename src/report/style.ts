/** The style sheet of the report. */
import { colourRules } from './theme.ts';

const RULES = `
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto,
  'Helvetica Neue', 'Noto Sans', 'DejaVu Sans', sans-serif; font-variant-numeric: tabular-nums;
}
main { max-width: 1080px; margin: 0 auto; padding: 48px 24px 32px; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; margin: 0; }
h1 { font-size: 2rem; letter-spacing: -0.015em; }
h2 { font-size: 1.25rem; letter-spacing: -0.01em; }
h3 { font-size: 1rem; }
p { margin: 0; }
section { margin-top: 48px; }
section > h2 + * { margin-top: 16px; }
.note { color: var(--muted); font-size: 0.9375rem; max-width: 70ch; }
section > h2 + .note { margin-top: 4px; }
.note + * { margin-top: 16px; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 20px; }
a, summary { color: inherit; }
:focus-visible { outline: 2px solid var(--series0); outline-offset: 2px; border-radius: 4px; }

.eyebrow { display: flex; flex-wrap: wrap; gap: 6px 12px; align-items: center; color: var(--muted);
  font-size: 0.875rem; margin-bottom: 10px; }
.tag { border: 1px solid currentColor; border-radius: 999px; padding: 0 10px; font-size: 0.8125rem; font-weight: 600;
  white-space: nowrap; }
.caption { color: var(--muted); font-size: 0.8125rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .muted { color: var(--muted); }
.lead { font-size: 1.1875rem; line-height: 1.45; margin-top: 12px; max-width: 62ch; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, auto)); gap: 14px 28px;
  margin: 24px 0 0; padding-top: 18px; border-top: 1px solid var(--line); font-size: 0.9375rem; }
.facts dt { color: var(--muted); font-size: 0.8125rem; }
.facts dd { margin: 0; overflow-wrap: anywhere; }

.result { display: grid; grid-template-columns: repeat(3, 1fr); gap: 16px; }
.result .card { display: grid; grid-row: span 4; grid-template-rows: subgrid; row-gap: 0; }
.result .strip + .detail { grid-row: 4; } .result .figure + .detail { grid-row: span 2; }
.result .label { color: var(--muted); font-size: 0.9375rem; overflow-wrap: anywhere; }
.result .figure { font-size: 2.25rem; line-height: 1.2; font-weight: 650; letter-spacing: -0.02em; margin: 2px 0; }
.result .unit { font-size: 1.125rem; font-weight: 500; letter-spacing: 0; }
.result .detail { color: var(--muted); font-size: 0.875rem; }
.strip { position: relative; height: 8px; border-radius: 4px; background: var(--line); margin: 10px 0 8px; }
.strip .band { position: absolute; top: 0; bottom: 0; border-radius: 4px; background: var(--series0); opacity: 0.4; }
.strip .dot { position: absolute; top: -2px; width: 4px; height: 12px; margin-left: -2px; border-radius: 2px;
  background: var(--series0); }

figure { margin: 0; }
.chart svg { display: block; width: 100%; height: auto; overflow: visible; }
.chart svg text { font-family: inherit; }
.chart .small { display: none; }
.chart figcaption { margin-top: 10px; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 320px), 1fr)); gap: 16px; }
.grid .card { display: flex; flex-direction: column; padding: 18px; }
.grid .plot { margin-top: auto; }
.grid .note { font-size: 0.875rem; margin: 2px 0 10px; }
.legend { list-style: none; margin: 0 0 10px; padding: 0; display: flex; flex-wrap: wrap; gap: 2px 16px;
  font-size: 0.8125rem; }
.legend li { display: flex; align-items: center; gap: 6px; overflow-wrap: anywhere; }
.swatch { flex: none; width: 14px; height: 3px; border-radius: 2px; }
.legend .from { color: var(--muted); }

.scroll { overflow-x: auto; padding: 4px 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; }
th, td { text-align: left; padding: 9px 20px; vertical-align: top; }
thead th { color: var(--muted); font-weight: 500; font-size: 0.8125rem; border-bottom: 1px solid var(--line);
  vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
tbody th { font-weight: 500; }
.num { text-align: right; white-space: nowrap; }
.tables { display: grid; gap: 24px; }
.tables > div { min-width: 0; }
.tables h3 { margin-bottom: 10px; }
.tables .card { padding: 4px 0; }

ul.findings { list-style: none; margin: 16px 0 0; padding: 0; display: grid; gap: 12px; }
.findings li { border-left: 4px solid currentColor; border-radius: 6px; padding: 14px 18px; }
.findings p { color: var(--ink); overflow-wrap: anywhere; } .findings .advice { color: var(--muted); }
.level { font-size: 0.8125rem; font-weight: 600; }

.examples { display: grid; gap: 16px; }
.example > p { margin-bottom: 4px; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 20px; margin-top: 18px; }
.sides > div { min-width: 0; }
pre { font: 0.875rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; margin: 0;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.said { background: var(--page); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px;
  margin-top: 8px; }
.said pre { max-height: 18em; overflow-y: auto; }
.said .tag { display: inline-block; margin-bottom: 6px; }
.prompt { font-size: 0.9375rem; }
details > summary { cursor: pointer; color: var(--muted); font-size: 0.9375rem; padding: 4px 0; }
details[open] > summary { margin-bottom: 10px; }
details.more { margin-top: 8px; }
footer { margin-top: 56px; padding-top: 16px; border-top: 1px solid var(--line); color: var(--muted);
  font-size: 0.8125rem; }

@media (max-width: 720px) {
  main { padding: 28px 16px 24px; }
  h1 { font-size: 1.5rem; }
  .lead { font-size: 1.0625rem; }
  section { margin-top: 36px; }
  .card { padding: 16px; }
  .result { grid-template-columns: 1fr 1fr; gap: 12px; }
  .result > :last-child { grid-column: 1 / -1; }
  .result .figure { font-size: 1.75rem; }
  .facts { grid-template-columns: 1fr 1fr; gap: 12px 20px; }
  .chart .wide { display: none; }
  .chart .small { display: block; }
  .sides { grid-template-columns: 1fr; gap: 14px; }
  th, td { padding: 8px 14px; min-width: 7em; }
  .num { min-width: 0; }
}
@media print {
  body { background: none; }
  .card, figure { break-inside: avoid; }
  .said pre { max-height: none; }
}
`;

/** The whole style sheet; it holds no value from a run. */
export const styleSheet = () => colourRules() + RULES;
