/** An agent written with the openai package: asks the model, runs the tools it calls, until it answers. */
import type OpenAI from 'openai';
import { type Agent, priceOf } from './shop.ts';

const tools: OpenAI.ChatCompletionTool[] = [
  {
    type: 'function',
    function: {
      name: 'price',
      description: 'The price of a thing',
      parameters: { type: 'object', properties: { thing: { type: 'string' } }, required: ['thing'] },
    },
  },
];
const MOST_TURNS = 4;

export const openaiAgent =
  (client: OpenAI): Agent =>
  async ({ text }, model) => {
    const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: text }];
    let completion = '';
    for (let turn = 0; turn < MOST_TURNS; turn++) {
      const { id, choices } = await client.chat.completions.create({
        model,
        messages,
        tools,
        store: true,
        max_tokens: 40,
      });
      completion = id;
      const [{ message }] = choices;
      if (message.tool_calls === undefined) return { said: message.content, completion };
      messages.push(message);
      for (const call of message.tool_calls)
        if (call.type === 'function') {
          const { thing } = JSON.parse(call.function.arguments) as { thing?: string };
          messages.push({ role: 'tool', tool_call_id: call.id, content: priceOf(thing ?? '') });
        }
    }
    return { said: null, completion };
  };
