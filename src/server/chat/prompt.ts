/** From messages to the token ids that the model continues. */
import { promptText } from '../../rollout/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import { templateMessage } from '../dataset/messages.ts';
import { ApiError, invalid } from '../errors.ts';
import type { ChatRequest } from './request.ts';

/** Token ids of a request's prompt. Throws a 400 where there are none, or ids that the model does not have. */
export function promptTokens(
  { messages, tools, tool_choice: choice, prompt_token_ids: given }: ChatRequest,
  tokenizer: Tokenizer,
  vocabulary: number,
): number[] {
  if (given != null) {
    const foreign = given.find((id) => id >= vocabulary);
    if (foreign !== undefined)
      throw invalid(
        `The token id ${foreign} is beyond the model's vocabulary of ${vocabulary}.`,
        'prompt_token_ids',
      );
    return given;
  }
  const offered = tools != null && choice !== 'none' ? { tools } : {};
  let ids: number[];
  try {
    ids = tokenizer.encode(promptText({ prompt: messages.map(templateMessage), ...offered }, tokenizer));
  } catch (error) {
    throw invalid(`The messages cannot be given to this model: ${(error as Error).message}.`, 'messages');
  }
  if (ids.length === 0) throw invalid('The messages come to no tokens at all.', 'messages');
  return ids;
}

/**
 * Tokens that a completion may have: as asked for, at most what the context leaves. Throws the API's error where a prompt
 * leaves nothing, or less than was asked for.
 */
export function roomFor(prompt: number, positions: number, asked: number | null | undefined): number {
  const room = positions - prompt;
  if (room >= Math.max(1, asked ?? 1)) return asked ?? room;
  throw new ApiError(
    400,
    `This model's context has ${positions} tokens. The messages come to ${prompt}${asked == null ? '' : `, and ${asked} were asked for`}. Please shorten the messages or the completion.`,
    { param: 'messages', code: 'context_length_exceeded' },
  );
}
