/** From messages to the token ids that the model continues. */
import { promptText } from '../../rollout/index.ts';
import { templateMessage } from '../dataset/messages.ts';
import { ApiError, invalid } from '../errors.ts';
import { checkTokenIds } from '../inference/given-tokens.ts';
import type { ModelServer } from '../inference/model-server.ts';
import type { Conversations, KnownTurn } from '../traffic/conversations.ts';
import type { ChatRequest } from './request.ts';

export interface ChatPrompt {
  tokens: readonly number[];
  /** What the tokens say; undefined where they were given as they are. */
  text?: string;
  /** The turn of the same conversation that this one goes on from. */
  before?: KnownTurn;
}

/** Who speaks in a conversation: the model's name, and how it cuts texts into tokens, which may change with an alias. */
export const speakerOf = ({ model }: ChatRequest, { tokenizerName }: ModelServer) =>
  `${model} ${tokenizerName}`;

/**
 * Token ids of a request's prompt. Where it goes on from turns that were answered here, their tokens are taken as they were
 * and not made anew from their text, which may be cut differently. Throws a 400 where there are no tokens, or ids that
 * the model does not have.
 */
export function chatPrompt(
  request: ChatRequest,
  server: ModelServer,
  conversations: Conversations,
): ChatPrompt {
  const { messages, tools, tool_choice: choice, prompt_token_ids: given } = request;
  const { tokenizer } = server.decoder;
  if (given != null) {
    checkTokenIds(given, server.decoder, 'prompt_token_ids');
    return { tokens: given };
  }
  const known = conversations.recall(speakerOf(request, server), messages);
  const offered = tools != null && choice !== 'none' ? { tools } : {};
  // The model's own words in place of what was made of them.
  const prompt = messages.map((message, i) => {
    const turn = known.get(i);
    return turn === undefined ? templateMessage(message) : { role: 'assistant' as const, content: turn.raw };
  });
  const before = [...known.values()].at(-1);
  let tokens: number[];
  let text: string;
  try {
    text = promptText({ prompt, ...offered }, tokenizer);
    tokens =
      before !== undefined && text.startsWith(before.text)
        ? [...before.tokens, ...tokenizer.encode(text.slice(before.text.length))]
        : tokenizer.encode(text);
  } catch (error) {
    throw invalid(`The messages cannot be given to this model: ${(error as Error).message}.`, 'messages');
  }
  if (tokens.length === 0) throw invalid('The messages come to no tokens at all.', 'messages');
  return { tokens, text, before };
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
