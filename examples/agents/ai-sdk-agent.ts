/** The same agent written with the Vercel AI SDK, which runs the loop by itself. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, stepCountIs, tool } from 'ai';
import { z } from 'zod';
import { type Agent, priceOf } from './shop.ts';

const tools = {
  price: tool({
    description: 'The price of a thing',
    inputSchema: z.object({ thing: z.string() }),
    execute: async ({ thing }) => priceOf(thing),
  }),
};

export function aiSdkAgent(baseURL: string, apiKey: string): Agent {
  const provider = createOpenAICompatible({ name: 'burnish', baseURL, apiKey });
  return async ({ text }, model) => {
    const { text: said, steps } = await generateText({
      model: provider(model),
      prompt: text,
      tools,
      stopWhen: stepCountIs(4),
      maxOutputTokens: 40,
      providerOptions: { burnish: { store: true } },
    });
    return { said, completion: steps[steps.length - 1].response.id };
  };
}
