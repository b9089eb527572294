// Trains a model through OpenAI's own client: only baseURL is another one. Run `npx burnish serve` first.
import { createReadStream } from 'node:fs';
import OpenAI from 'openai';

const client = new OpenAI({ baseURL: 'http://127.0.0.1:8080/v1', apiKey: process.env.BURNISH_KEY });
const upload = (name) =>
  client.files.create({ file: createReadStream(new URL(name, import.meta.url)), purpose: 'fine-tune' });

// Right: the expression after '#' uses every number once and comes to the target. Formed: there is such a part at all.
const source = `function grade({ output_text }, { numbers, target }) {
  const text = output_text.split('#').pop();
  if (!/^[0-9+*/()-]+$/.test(text)) return 0;
  const used = (text.match(/[0-9]+/g) ?? []).map(Number).sort().join();
  try { return Number(used === [...numbers].sort().join() && eval(text) === target); } catch { return 0; }
}`;
const right = { type: 'javascript', name: 'right', source };
const formed = {
  type: 'string_check',
  name: 'formed',
  input: '{{ sample.output_text }}',
  reference: '#',
  operation: 'like',
};
const grader = {
  type: 'multi',
  name: 'countdown',
  graders: { right, formed },
  calculate_output: '0.9 * right + 0.1 * formed',
};

const [training, validation] = [await upload('train.jsonl'), await upload('valid.jsonl')];
const job = await client.fineTuning.jobs.create({
  model: 'countdown',
  training_file: training.id,
  validation_file: validation.id,
  method: { type: 'reinforcement', reinforcement: { grader, burnish: { max_completion_tokens: 60 } } },
});
const told = new Set();
for (let over = false; !over; ) {
  over = (await client.fineTuning.jobs.retrieve(job.id)).finished_at !== null;
  const { data } = await client.fineTuning.jobs.listEvents(job.id, { limit: 100 });
  for (const { id, message } of data.reverse()) {
    if (!told.has(id)) console.log(message);
    told.add(id);
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
}
const { fine_tuned_model: model } = await client.fineTuning.jobs.retrieve(job.id);
const chat = await client.chat.completions.create({
  model,
  messages: [{ role: 'user', content: '3,8,5=19:' }],
});
console.log(model, 'says', chat.choices[0].message.content);
