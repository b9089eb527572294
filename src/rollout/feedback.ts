/** What a model is told between two attempts, as tokens that follow an attempt's own: nothing earlier is made anew. */
import { DEFAULT_CHAT_TEMPLATE, renderChat, type Tokenizer } from '../text/index.ts';
import type { Task } from '../types/index.ts';

/** Where the prompt's text goes in a feedback's text. */
const PROMPT = '{prompt}';
/** Stands for the attempt while a template is rendered; no template and no task has it. */
const ATTEMPT = '\u{f8ff}attempt\u{f8ff}';

/** The prompt as it is repeated: the text itself, or the last message of the user. */
function promptOf({ prompt }: Task): string {
  if (typeof prompt === 'string') return prompt;
  return prompt.findLast(({ role }) => role === 'user')?.content ?? '';
}

/** The text that a template puts between an attempt and the next. */
function templated(task: Task, text: string, tokenizer: Tokenizer): string {
  if (typeof task.prompt === 'string') return text;
  const rendered = renderChat(
    tokenizer.chatTemplate ?? DEFAULT_CHAT_TEMPLATE,
    [...task.prompt, { role: 'assistant', content: ATTEMPT }, { role: 'user', content: text }],
    { bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken },
  );
  const at = rendered.lastIndexOf(ATTEMPT);
  if (at < 0)
    throw new Error(`task ${task.id}: the chat template leaves out answers before the last message`);
  return rendered.slice(at + ATTEMPT.length);
}

/**
 * Tokens from the end of an attempt to the beginning of the next. `text` is said to the model, with `{prompt}` for the
 * task's own text: raw after a raw prompt, as a user's message in the model's chat template after a conversation.
 * `attempt`: token ids of the attempt. One that was cut is closed: with the end-of-sequence token, or by the template.
 * Throws an Error that names the task when the text cannot be encoded.
 */
export function feedbackTokens(
  task: Task,
  text: string,
  attempt: readonly number[],
  tokenizer: Tokenizer,
): number[] {
  const said = templated(
    task,
    text.replaceAll(PROMPT, () => promptOf(task)),
    tokenizer,
  );
  const last = attempt[attempt.length - 1];
  const closed = tokenizer.eosIds.includes(last);
  const end = closed ? tokenizer.decode([last], { skipSpecial: false }) : '';
  const rest = typeof task.prompt !== 'string' && said.startsWith(end) ? said.slice(end.length) : said;
  const closing = closed || typeof task.prompt !== 'string' ? [] : [tokenizer.eosId];
  try {
    return [...closing, ...tokenizer.encode(rest)];
  } catch (error) {
    throw new Error(
      `task ${task.id}: the feedback ${JSON.stringify(rest)} cannot be encoded: ${(error as Error).message}`,
      { cause: error },
    );
  }
}
