/** Turns kept chats that have rewards into the lines of a file that a job learns from. */
import { createHash } from 'node:crypto';
import type { TrafficData } from '../../methods/index.ts';
import type { ChatMessage } from '../dataset/messages.ts';
import type { ChatFilter, StoredChat, StoredChats } from './stored-chats.ts';

/** A line of such a file. */
export interface TrafficLine extends TrafficData {
  /** The conversation's last chat. */
  completion_id: string;
  /** What the conversation began with. */
  messages: ChatMessage[];
}

/** A chat and those before it in its conversation, oldest first. */
function chainOf(leaf: StoredChat, chats: ReadonlyMap<string, StoredChat>): StoredChat[] {
  const chain: StoredChat[] = [];
  for (let at: StoredChat | undefined = leaf; at !== undefined; at = chats.get(at.parent ?? ''))
    chain.unshift(at);
  return chain;
}

/** A conversation for each rewarded chat that no other one goes on from, in the order they ended. */
export async function selectTraffic(stored: StoredChats, filter: ChatFilter): Promise<TrafficLine[]> {
  const chats = new Map<string, StoredChat>();
  for await (const chat of stored.all(filter)) if (chat.reward !== null) chats.set(chat.id, chat);
  const continued = new Set([...chats.values()].map(({ parent }) => parent));
  return [...chats.values()]
    .filter(({ id }) => !continued.has(id))
    .map((leaf) => {
      const chain = chainOf(leaf, chats);
      return {
        completion_id: leaf.id,
        messages: chain[0].messages,
        group: createHash('sha256').update(JSON.stringify(chain[0].promptTokens)).digest('hex').slice(0, 16),
        reward: leaf.reward as number,
        turns: chain.map(({ promptTokens, choices: [first] }) => ({ prompt: promptTokens, ...first })),
      };
    });
}
