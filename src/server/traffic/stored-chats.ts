/** Chats that were kept: what was said, the exact tokens, and what they were worth. */

import type { ChatCompletion } from '../chat/chat-object.ts';
import type { Database } from '../database/database.ts';
import { type Page, Records } from '../database/records.ts';
import type { ChatMessage, Tool } from '../dataset/messages.ts';
import { notFound } from '../errors.ts';

/** The tokens of one choice. */
export interface StoredChoice {
  tokens: number[];
  /** Log-probability (nats) of each token under the distribution that it was drawn from. */
  logprobs: number[];
}

export interface StoredChat {
  id: string;
  /** The chat that began the conversation; its own id where it did. */
  conversation: string;
  /** The chat before it in the conversation. */
  parent: string | null;
  model: string;
  created: number;
  messages: ChatMessage[];
  tools: Tool[] | null;
  metadata: Record<string, string> | null;
  /** The answer as the client got it. */
  completion: ChatCompletion;
  promptTokens: number[];
  choices: StoredChoice[];
  /** Names the weights that drew the tokens. */
  weights: string;
  /** What it was worth; null until somebody says. */
  reward: number | null;
  feedback: string | null;
}

export interface ChatFilter {
  model?: string;
  /** Pairs that its metadata must have. */
  metadata?: Readonly<Record<string, string>>;
  /** Created at or after, in seconds. */
  since?: number;
}

const fits = (chat: StoredChat, { model, metadata = {}, since = 0 }: ChatFilter) =>
  (model === undefined || chat.model === model) &&
  chat.created >= since &&
  Object.entries(metadata).every(([key, value]) => chat.metadata?.[key] === value);

/** Keeps chats. */
export class StoredChats {
  private readonly records: Records<StoredChat>;

  constructor(database: Database) {
    this.records = new Records(database, 'chat');
  }

  async add(chat: StoredChat): Promise<void> {
    await this.records.add({ id: chat.id, body: chat });
  }

  async get(id: string): Promise<StoredChat> {
    const chat = await this.records.get(id);
    if (chat === undefined) throw notFound('chat completion', id, 'completion_id');
    return chat;
  }

  async update(id: string, change: (chat: StoredChat) => StoredChat): Promise<StoredChat> {
    const chat = await this.records.update(id, change);
    if (chat === undefined) throw notFound('chat completion', id, 'completion_id');
    return chat;
  }

  async remove(id: string): Promise<void> {
    await this.get(id);
    await this.records.remove(id);
  }

  async list(
    filter: ChatFilter,
    { after, limit, order }: { after?: string; limit: number; order: 'asc' | 'desc' },
  ): Promise<Page<StoredChat>> {
    const data: StoredChat[] = [];
    let from = after;
    for (;;) {
      const page = await this.records.list({ after: from, limit: Math.max(limit, 100), order });
      data.push(...page.data.filter((chat) => fits(chat, filter)));
      if (data.length > limit) return { data: data.slice(0, limit), hasMore: true };
      if (!page.hasMore) return { data, hasMore: false };
      from = page.data[page.data.length - 1].id;
    }
  }

  /** Every chat that fits, oldest first. */
  async *all(filter: ChatFilter): AsyncGenerator<StoredChat> {
    for await (const chat of this.records.all()) if (fits(chat, filter)) yield chat;
  }

  /**
   * Says what a conversation was worth: all its turns up to and including a chat get the reward. Returns their ids, the
   * newest first.
   */
  async reward(id: string, reward: number, feedback: string | null): Promise<string[]> {
    const ids: string[] = [];
    let next: string | null = id;
    while (next !== null) {
      const at: string = next;
      const chat: StoredChat | undefined = ids.length === 0 ? await this.get(at) : await this.records.get(at);
      // An earlier turn may have been removed.
      if (chat === undefined) break;
      await this.update(at, (one) => ({ ...one, reward, feedback: feedback ?? one.feedback }));
      ids.push(at);
      next = chat.parent;
    }
    return ids;
  }
}
