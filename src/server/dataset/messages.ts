/** Chat messages as datasets and requests hold them, and as models' templates read them. */
import { z } from 'zod';
import type { Message } from '../../types/index.ts';

const textPart = z.strictObject({ type: z.enum(['text', 'input_text', 'output_text']), text: z.string() });

/** Text, or parts of text. */
export const textContent = z.union([z.string(), z.array(textPart).min(1)]);

export const toolCallSchema = z.object({
  id: z.string().optional(),
  type: z.literal('function').default('function'),
  function: z.object({ name: z.string().min(1), arguments: z.string() }),
});
export type ToolCall = z.infer<typeof toolCallSchema>;

const name = z.string().optional();

export const messageSchema = z.discriminatedUnion('role', [
  z.strictObject({ role: z.literal('system'), content: textContent, name }),
  z.strictObject({ role: z.literal('developer'), content: textContent, name }),
  z.strictObject({ role: z.literal('user'), content: textContent, name }),
  // Clients send replies back with whatever else they came with.
  z.object({
    role: z.literal('assistant'),
    content: textContent.nullable().optional(),
    name,
    refusal: z.string().nullable().optional(),
    tool_calls: z.array(toolCallSchema).min(1).optional(),
    /** Datasets only: 0 leaves the turn out of the loss. */
    weight: z.union([z.literal(0), z.literal(1)]).optional(),
  }),
  z.strictObject({ role: z.literal('tool'), content: textContent, tool_call_id: z.string() }),
]);
export type ChatMessage = z.infer<typeof messageSchema>;

export const toolSchema = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({
    name: z.string().regex(/^[\w-]{1,64}$/),
    description: z.string().optional(),
    parameters: z.record(z.string(), z.unknown()).optional(),
    strict: z.boolean().nullable().optional(),
  }),
});
export type Tool = z.infer<typeof toolSchema>;

/** The text of a content. */
export function textOf(content: string | { text: string }[] | null | undefined): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map(({ text }) => text).join('');
}

function parsedArguments({ name: tool, arguments: text }: ToolCall['function']): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { [tool]: text };
  }
}

/** A message as templates read it: one text, `developer` as `system`, arguments of tool calls parsed. */
export function templateMessage(message: ChatMessage): Message {
  const { role } = message;
  const content = textOf(message.content);
  if (role === 'assistant' && message.tool_calls !== undefined) {
    const calls = message.tool_calls.map(({ function: call, ...rest }) => ({
      ...rest,
      function: { name: call.name, arguments: parsedArguments(call) },
    }));
    return { role, content, tool_calls: calls };
  }
  if (role === 'tool') return { role, content, tool_call_id: message.tool_call_id };
  return { role: role === 'developer' ? 'system' : role, content };
}

/** How tool calls are written and read as text, as Qwen and Hermes models do. */
export const toolCallText = ({ function: { name: tool, arguments: text } }: ToolCall) =>
  `<tool_call>\n{"name": ${JSON.stringify(tool)}, "arguments": ${text}}\n</tool_call>`;

/** What an assistant's turn is as text, for the model to learn. */
export function replyText(message: Extract<ChatMessage, { role: 'assistant' }>): string {
  const calls = (message.tool_calls ?? []).map(toolCallText);
  return [textOf(message.content), ...calls].filter((text) => text !== '').join('\n');
}
