/** What form a reply has to have, by the request's tools and response format: free, JSON, or a call of a tool. */
import type { Tool } from '../dataset/messages.ts';
import { invalid } from '../errors.ts';
import type { JsonFormat } from '../inference/grammar.ts';
import type { ChatRequest } from './request.ts';

export type OutputPlan =
  /** Text, in which calls are looked for where tools are offered. */
  | { kind: 'text'; tools: boolean; parallel: boolean }
  /** JSON. */
  | { kind: 'json'; format: JsonFormat; param: string }
  /** The arguments of one function, as JSON. */
  | { kind: 'arguments'; name: string; format: JsonFormat; param: string }
  /** One call, `{"name": …, "arguments": …}`, of any of some functions. */
  | { kind: 'call'; format: JsonFormat; param: string };

const argumentsOf = ({ function: { parameters } }: Tool): Record<string, unknown> =>
  parameters ?? { type: 'object', properties: {}, additionalProperties: false };

function named(tools: readonly Tool[], name: string): Tool {
  const tool = tools.find((one) => one.function.name === name);
  if (tool !== undefined) return tool;
  throw invalid(
    `The tool '${name}' is none of the tools: ${tools.map((one) => one.function.name).join(', ')}.`,
    'tool_choice',
  );
}

function callOf(tools: readonly Tool[]): OutputPlan {
  if (tools.length === 1) {
    const [tool] = tools;
    const format = {
      kind: 'schema',
      schema: argumentsOf(tool),
      strict: tool.function.strict ?? false,
    } as const;
    return { kind: 'arguments', name: tool.function.name, format, param: 'tools' };
  }
  const schema = {
    anyOf: tools.map((tool) => ({
      type: 'object',
      properties: { name: { const: tool.function.name }, arguments: argumentsOf(tool) },
      required: ['name', 'arguments'],
      additionalProperties: false,
    })),
  };
  return { kind: 'call', format: { kind: 'schema', schema, strict: true }, param: 'tools' };
}

/** The form of a request's reply. Throws a 400 where its members do not fit together. */
export function outputPlan({
  tools,
  tool_choice: choice,
  parallel_tool_calls: parallel,
  response_format: format,
}: ChatRequest): OutputPlan {
  const offered = tools ?? [];
  if (offered.length === 0 && choice != null && choice !== 'none' && choice !== 'auto')
    throw invalid("'tool_choice' is only allowed when 'tools' are given.", 'tool_choice');
  if (typeof choice === 'object' && choice !== null) {
    if (choice.type === 'function') return callOf([named(offered, choice.function.name)]);
    const { mode, tools: allowed } = choice.allowed_tools;
    const some = allowed.map((one) => named(offered, one.function.name));
    if (mode === 'required') return callOf(some);
  }
  if (choice === 'required') return callOf(offered);
  if (format?.type === 'json_object')
    return { kind: 'json', format: { kind: 'object' }, param: 'response_format' };
  if (format?.type === 'json_schema') {
    const { schema, strict } = format.json_schema;
    return {
      kind: 'json',
      format: { kind: 'schema', schema, strict: strict ?? false },
      param: 'response_format.json_schema.schema',
    };
  }
  return { kind: 'text', tools: offered.length > 0 && choice !== 'none', parallel: parallel ?? true };
}
