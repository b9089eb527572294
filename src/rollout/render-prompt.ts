/** From a task to the token ids the model continues. */
import { DEFAULT_CHAT_TEMPLATE, renderChat, type Tokenizer } from '../text/index.ts';
import type { Task } from '../types/index.ts';

/** What the model is shown, as text: the prompt itself, or the conversation in the model's chat template. */
export function promptText(task: Pick<Task, 'prompt' | 'tools'>, tokenizer: Tokenizer): string {
  if (typeof task.prompt === 'string') return task.prompt;
  return renderChat(tokenizer.chatTemplate ?? DEFAULT_CHAT_TEMPLATE, task.prompt, {
    bosToken: tokenizer.bosToken,
    eosToken: tokenizer.eosToken,
    ...(task.tools === undefined ? {} : { variables: { tools: task.tools } }),
  });
}

/**
 * Token ids of a task's prompt. A raw text gets the special tokens that the tokenizer puts before any text (`<bos>`,
 * where it has one); a template writes its own. Throws an Error naming the task when there is nothing to continue or
 * the text cannot be encoded.
 */
export function renderPrompt(task: Task, tokenizer: Tokenizer): number[] {
  let ids: number[];
  try {
    ids = tokenizer.encode(promptText(task, tokenizer), {
      addSpecialTokens: typeof task.prompt === 'string',
    });
  } catch (error) {
    throw new Error(`task ${task.id}: its prompt cannot be encoded: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (ids.length === 0)
    throw new Error(`task ${task.id}: its prompt has no tokens, expected at least one to continue`);
  return ids;
}
