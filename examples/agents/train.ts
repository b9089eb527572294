/**
 * Trains an agent by its own conversations, without a change to the agent: the server keeps its chats, this script says what
 * each was worth, and a job of type `traffic` learns from them. `npx tsx examples/agents/train.ts [openai|ai-sdk]`
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BurnishClient, startServer } from 'burnish/server';
import OpenAI from 'openai';
import { aiSdkAgent } from './ai-sdk-agent.ts';
import { demonstrations, writeModel } from './make-model.ts';
import { openaiAgent } from './openai-agent.ts';
import { type Agent, questions, worth } from './shop.ts';

const ROUNDS = 3;
/** Conversations with each question in a round. */
const EACH = 8;
const AT_ONCE = 32;

const folder = mkdtempSync(join(tmpdir(), 'burnish-agents-'));
await writeModel(join(folder, 'shop'));
const models = new Map([['shop', join(folder, 'shop')]]);
const server = await startServer({ folder: join(folder, 'data'), host: '127.0.0.1', port: 0, models });
const { secret } = await server.keys.create('agents', ['admin']);
const baseURL = `${server.url}/v1`;
const client = new OpenAI({ baseURL, apiKey: secret });
const rewards = new BurnishClient({ baseURL, apiKey: secret });
const agent: Agent = process.argv[2] === 'ai-sdk' ? aiSdkAgent(baseURL, secret) : openaiAgent(client);

/** The model of a job, once it has one. */
async function learned(job: { id: string }): Promise<string> {
  for (;;) {
    const { status, fine_tuned_model, error } = await client.fineTuning.jobs.retrieve(job.id);
    if (status === 'succeeded') return fine_tuned_model as string;
    if (status === 'failed') throw new Error(error?.message);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Has the agent answer every question a few times; the share of right answers. */
async function converse(model: string): Promise<number> {
  const left = Array.from({ length: EACH }, () => questions).flat();
  const count = left.length;
  let right = 0;
  const worker = async () => {
    for (let question = left.pop(); question !== undefined; question = left.pop()) {
      const { said, completion } = await agent(question, model);
      const reward = worth(question, said);
      right += reward;
      await rewards.reward(completion, reward);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return right / count;
}

try {
  const lines = demonstrations(1500, 0.4).map((line) => JSON.stringify(line));
  const file = await client.files.create({
    file: new File([lines.join('\n')], 'talks.jsonl'),
    purpose: 'fine-tune',
  });
  const method = {
    type: 'supervised',
    supervised: { hyperparameters: { n_epochs: 12, batch_size: 64, learning_rate_multiplier: 4 } },
  } as const;
  let model = await learned(
    await client.fineTuning.jobs.create({ model: 'shop', training_file: file.id, seed: 1, method }),
  );
  console.log(`to begin with: ${(100 * (await converse(model))).toFixed(1)} % of the answers are right`);
  for (let round = 1; round <= ROUNDS; round++) {
    const traffic = { hyperparameters: { n_epochs: 3, batch_size: 32, learning_rate_multiplier: 2 } };
    const request = { model, seed: round, method: { type: 'traffic', traffic } };
    model = await learned(await client.fineTuning.jobs.create(request as never));
    console.log(`after round ${round}:  ${(100 * (await converse(model))).toFixed(1)} %`);
  }
} finally {
  await server.close();
  rmSync(folder, { recursive: true });
}
