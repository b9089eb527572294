/** Completions before and after training, side by side. */
import { number } from './format.ts';
import { html, type Markup } from './markup.ts';
import type { ReportCompletion, ReportData, ReportExample } from './types.ts';

/** Completions of a side and examples shown at once; the rest is folded away. */
const SHOWN_COMPLETIONS = 2;
const SHOWN_EXAMPLES = 4;

function scoreTag(score: number | null): Markup {
  if (score === null) return html`<span class="tag warn">not graded</span>`;
  const tone = score >= 1 ? 'good' : score <= 0 ? 'bad' : 'muted';
  const mark = score >= 1 ? '✓ ' : score <= 0 ? '✕ ' : '';
  return html`<span class="tag ${tone}">${mark}score ${number(score)}</span>`;
}

/** Text in a box that scrolls when it is long, and can then be reached with the keyboard. */
function passage(text: string): Markup {
  const long = text.length > 800 || text.split('\n').length > 15;
  return html`<pre${long && html` tabindex="0"`}>${text}</pre>`;
}

function completion({ text, score }: ReportCompletion): Markup {
  const said = text.trim() === '' ? html`<p class="muted"><em>empty completion</em></p>` : passage(text);
  return html`<div class="said">${scoreTag(score)}${said}</div>`;
}

function folded(parts: Markup[], shown: number, rest: (count: number) => string): Markup {
  const more = parts.slice(shown);
  return html`${parts.slice(0, shown)}${
    more.length > 0 && html`<details class="more"><summary>${rest(more.length)}</summary>${more}</details>`
  }`;
}

function side(name: string, completions: ReportCompletion[]): Markup {
  const parts = completions.map(completion);
  return html`<div><p class="caption">${name}</p>
${parts.length > 0 ? folded(parts, SHOWN_COMPLETIONS, (n) => `${n} more`) : html`<p class="muted">none</p>`}</div>`;
}

function example({ prompt, reference, before, after }: ReportExample): Markup {
  return html`<article class="card example">
<p class="caption">Prompt</p><pre class="prompt">${prompt}</pre>
${reference !== undefined && html`<p class="caption" style="margin-top:10px">Reference</p><pre>${reference}</pre>`}
<div class="sides">${side('Before', before)}${side('After', after)}</div>
</article>`;
}

/** The examples; nothing when there are none. */
export function examplesSection({ examples }: ReportData): Markup | undefined {
  if (examples.length === 0) return undefined;
  return html`<section aria-labelledby="examples">
<h2 id="examples">Examples, before and after</h2>
<p class="note">The same held-out tasks, attempted by the model before and after training.</p>
<div class="examples">${folded(examples.map(example), SHOWN_EXAMPLES, (n) => `Show ${n} more examples`)}</div>
</section>`;
}
