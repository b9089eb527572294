/** Knows conversations again when their next turn comes, so that what the model wrote stays the tokens it wrote. */
import { createHash } from 'node:crypto';
import { type ChatMessage, textOf } from '../dataset/messages.ts';

/** A conversation up to and including a reply. */
export interface KnownTurn {
  /** The chat that made the reply. */
  chat: string;
  /** The chat that began the conversation. */
  conversation: string;
  /** Token ids of everything: prompt and reply, its end token included. */
  tokens: readonly number[];
  /** Their text, special tokens included. */
  text: string;
  /** The reply as the model wrote it, before calls were taken out. */
  raw: string;
}

/** Turns that are remembered. */
const MOST_TURNS = 10_000;

/** Arguments are compared as values: clients write the same JSON in different ways. */
function sameArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What makes two messages the same: an absent content is an empty one. */
function essence(message: ChatMessage): unknown[] {
  const calls =
    message.role === 'assistant'
      ? (message.tool_calls ?? []).map(({ function: { name, arguments: given } }) => [
          name,
          sameArguments(given),
        ])
      : [];
  const answers = message.role === 'tool' ? message.tool_call_id : null;
  return [message.role, textOf(message.content), calls, answers];
}

function nameOf(model: string, messages: readonly ChatMessage[]): string {
  return createHash('sha256')
    .update(JSON.stringify([model, messages.map(essence)]))
    .digest('base64');
}

/** Remembers the latest turns of all conversations. */
export class Conversations {
  /** Least recently used first. */
  private readonly turns = new Map<string, KnownTurn>();

  /** Remembers the turn that ends with a reply. */
  remember(model: string, messages: readonly ChatMessage[], reply: ChatMessage, turn: KnownTurn): void {
    const name = nameOf(model, [...messages, reply]);
    this.turns.delete(name);
    this.turns.set(name, turn);
    if (this.turns.size > MOST_TURNS) this.turns.delete(this.turns.keys().next().value as string);
  }

  /** The known turns among the assistant's messages, by their index. */
  recall(model: string, messages: readonly ChatMessage[]): Map<number, KnownTurn> {
    const known = new Map<number, KnownTurn>();
    messages.forEach(({ role }, i) => {
      if (role !== 'assistant') return;
      const turn = this.turns.get(nameOf(model, messages.slice(0, i + 1)));
      if (turn !== undefined) known.set(i, turn);
    });
    return known;
  }
}
