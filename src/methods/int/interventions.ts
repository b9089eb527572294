/** One-step corrections of failed attempts: asked for, read, and put in the place of the step that they correct. */
import { episodeEnds } from '../../rollout/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import type { Message, Task } from '../../types/index.ts';

/** What the model is asked, unless a recipe says otherwise. */
export const PROPOSAL_PROMPT = `Problem:
{prompt}

Reference solution:
{solution}

A student's attempt, its steps numbered:
{steps}

Check every step. Find the first critical error: a step that is wrong, that breaks the line of reasoning, and that is not \
recovered from later. Then write one step in the student's own voice to stand in its place. It must not contain the final \
answer. End with
<location>number of the step</location>
<intervention>the new step</intervention>`;

/** How an answer to that is read. */
export const PROPOSAL_PATTERN =
  '<location>\\s*(?<location>\\d+)\\s*</location>\\s*<intervention>(?<content>.*?)</intervention>';

/** An attempt's steps. Their texts joined are the attempt. */
export interface Steps {
  texts: string[];
  /** Completion tokens up to the end of each step. */
  ends: number[];
}

/** Cuts a completion's tokens after each `separator` of its text. Throws a RangeError on an empty one. */
export function stepsOf(completion: readonly number[], tokenizer: Tokenizer, separator: string): Steps {
  const most = Number.MAX_SAFE_INTEGER;
  const { ends } = episodeEnds(completion, tokenizer, { after: [separator], most });
  const reached = ends.map((end) => tokenizer.decode(completion.slice(0, end)));
  return { ends, texts: reached.map((text, i) => text.slice(i === 0 ? 0 : reached[i - 1].length)) };
}

/** Fills the template: `{prompt}`, `{solution}`, `{attempt}` as it is, and `{steps}`, the attempt with its steps numbered from 1. */
export function proposalText(template: string, task: Task, attempt: string, steps: Steps): string {
  const asked =
    typeof task.prompt === 'string'
      ? task.prompt
      : task.prompt.map(({ content }: Message) => content).join('\n\n');
  const parts: Record<string, string> = {
    prompt: asked,
    solution: task.completion ?? '',
    attempt,
    steps: steps.texts.map((text, i) => `${i + 1}. ${text.trim()}`).join('\n'),
  };
  return template.replace(/\{(prompt|solution|attempt|steps)\}/g, (_, name: string) => parts[name]);
}

/** A correction as it was proposed. */
export interface Proposal {
  /** Step that it replaces, from 1. */
  location: number;
  content: string;
}

/**
 * The last match of the pattern, whose named groups are `location` and `content`; undefined where there is none. Line breaks in the
 * content part its steps.
 */
export function parseProposal(text: string, pattern: string, separator: string): Proposal | undefined {
  const groups = [...text.matchAll(new RegExp(pattern, 'gs'))].at(-1)?.groups;
  if (groups === undefined) return undefined;
  const location = Number(groups.location);
  const content = groups.content.trim().replace(/\n+/g, () => separator);
  return Number.isInteger(location) && content !== '' ? { location, content } : undefined;
}

/** The part of a failed attempt before its error, and what stands in the place of the wrong step. */
export interface Intervention {
  /** Tokens of steps 1 … location - 1, exactly as they were sampled. */
  prefix: number[];
  /** Tokens of the correction. There is no end-of-sequence token: the solution goes on after it. */
  content: number[];
}

/** Why a proposal is not used. */
export type Rejection = 'unparsed' | 'misplaced' | 'unchanged' | 'leaked';

/**
 * Puts a proposal in its place: it replaces step `location`, and everything after that is dropped. `misplaced`: there is no such
 * step, or no boundary of tokens before it; `unchanged`: the step said so already; `leaked`: the content has one of `answers`;
 * `unparsed`: the tokenizer cannot write the content.
 */
export function placeProposal(
  { location, content }: Proposal,
  completion: readonly number[],
  steps: Steps,
  answers: readonly string[],
  tokenizer: Tokenizer,
): Intervention | Rejection {
  const { texts, ends } = steps;
  if (location < 1 || location > texts.length) return 'misplaced';
  const prefix = location === 1 ? [] : completion.slice(0, ends[location - 2]);
  if (tokenizer.decode(prefix) !== texts.slice(0, location - 1).join('')) return 'misplaced';
  if (content === texts[location - 1].trim()) return 'unchanged';
  if (answers.some((answer) => answer !== '' && content.includes(answer))) return 'leaked';
  try {
    return { prefix, content: tokenizer.encode(content) };
  } catch {
    return 'unparsed';
  }
}
