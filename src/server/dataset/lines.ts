/** One line of a dataset: supervised, preference or reinforcement, as tasks or as what is wrong with it. */
import { z } from 'zod';
import type { TrafficData } from '../../methods/index.ts';
import type { Task } from '../../types/index.ts';
import { paramOf } from '../http/api.ts';
import {
  type ChatMessage,
  messageSchema,
  replyText,
  type Tool,
  templateMessage,
  toolSchema,
} from './messages.ts';

const messages = z.array(messageSchema).min(1);
const tools = z.array(toolSchema).optional();
const parallel = z.boolean().optional();

const chatLine = z.strictObject({ messages, tools, parallel_tool_calls: parallel });
const completionLine = z.strictObject({ prompt: z.string().min(1), completion: z.string() });

const outputs = z.array(messageSchema).min(1);
const preferenceLine = z.strictObject({
  input: z.strictObject({ messages, tools, parallel_tool_calls: parallel }),
  preferred_output: outputs,
  non_preferred_output: outputs,
});

const reinforcementLine = z.looseObject({ messages, tools });

const ids = z.array(z.int().min(0)).min(1);
/** What the server writes of kept chats, see `selectTraffic`. */
const trafficLine = z.looseObject({
  messages,
  group: z.string(),
  reward: z.number(),
  turns: z.array(z.strictObject({ prompt: ids, tokens: ids, logprobs: z.array(z.number()) })).min(1),
});

/** What graders are given of a task of reinforcement. */
export interface ItemData {
  /** The whole line. */
  item: Record<string, unknown>;
}

export type LineKind = 'supervised' | 'dpo' | 'reinforcement' | 'traffic';

/** Why a line is no good. */
export class LineError extends Error {
  override name = 'LineError';
}

function parsed<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = paramOf(issue.path);
  throw new LineError(where === null ? issue.message : `${where}: ${issue.message}`);
}

const promptOf = (all: readonly ChatMessage[]) => all.map(templateMessage);

type Prompted = Pick<Task, 'prompt' | 'tools'>;

const prompted = (all: readonly ChatMessage[], offered: readonly Tool[] | undefined): Prompted => ({
  prompt: promptOf(all),
  ...(offered === undefined ? {} : { tools: offered }),
});

/** One task for each turn of the assistant that counts. */
function supervisedTasks(value: Record<string, unknown>, id: string): Task[] {
  if ('prompt' in value || 'completion' in value) {
    const { prompt, completion } = parsed(completionLine, value);
    return [{ id, prompt, completion, data: { answer: completion } }];
  }
  const line = parsed(chatLine, value);
  const tasks: Task[] = [];
  line.messages.forEach((message, i) => {
    if (message.role !== 'assistant' || message.weight === 0) return;
    if (i === 0) throw new LineError('messages[0]: the assistant speaks first, expected a message before it');
    const completion = replyText(message);
    tasks.push({
      id: tasks.length === 0 ? id : `${id}.${tasks.length}`,
      ...prompted(line.messages.slice(0, i), line.tools),
      completion,
      data: { answer: completion },
    });
  });
  if (tasks.length === 0)
    throw new LineError('messages: no turn of the assistant with weight 1, expected at least one');
  return tasks;
}

function oneReply(output: readonly ChatMessage[], name: string): string {
  const replies = output.filter((message) => message.role === 'assistant');
  if (replies.length !== 1 || output.length !== 1)
    throw new LineError(`${name}: expected exactly one message, of the assistant`);
  return replyText(replies[0]);
}

function preferenceTask(given: Record<string, unknown>, id: string): Task {
  const { preferred_completion: preferred, non_preferred_completion: other, ...rest } = given;
  const value = {
    ...(preferred === undefined ? {} : { preferred_output: preferred }),
    ...(other === undefined ? {} : { non_preferred_output: other }),
    ...rest,
  };
  const line = parsed(preferenceLine, value);
  const chosen = oneReply(line.preferred_output, 'preferred_output');
  const rejected = oneReply(line.non_preferred_output, 'non_preferred_output');
  if (chosen === rejected) throw new LineError('preferred_output and non_preferred_output are the same');
  const { messages: asked, tools: offered } = line.input;
  return { id, ...prompted(asked, offered), completion: chosen, rejected, data: { answer: chosen } };
}

function reinforcementTask(value: Record<string, unknown>, id: string): Task<ItemData> {
  const line = parsed(reinforcementLine, value);
  const { role } = line.messages[line.messages.length - 1];
  if (role !== 'user') throw new LineError(`messages: the last one is of role ${role}, expected user`);
  return { id, ...prompted(line.messages, line.tools), data: { item: value } };
}

function trafficTask(value: Record<string, unknown>, id: string): Task<TrafficData> {
  const { messages: asked, ...data } = parsed(trafficLine, value);
  return { id, prompt: promptOf(asked), data };
}

/** The tasks of a line. Throws a LineError. */
export function tasksOfLine(kind: LineKind, value: Record<string, unknown>, id: string): Task[] {
  switch (kind) {
    case 'supervised':
      return supervisedTasks(value, id);
    case 'dpo':
      return [preferenceTask(value, id)];
    case 'reinforcement':
      return [reinforcementTask(value, id)];
    case 'traffic':
      return [trafficTask(value, id)];
  }
}
