/** Makes the small model that the agents begin with: it knows how to call the tool, and often adds up wrongly. */
import { createOnnxEngine, symbolTokenizer } from 'burnish';
import { rng } from 'burnish/random';
import { freshConfig } from 'burnish/training';
import { priceOf, questions } from './shop.ts';

const CALL = ['<tool_call>\n{"name": "price", "arguments": {"thing": "', '"}}\n</tool_call>'];
const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
const SYMBOLS = [
  ...CALL,
  ...LETTERS,
  ...'0123456789',
  ' ',
  '?',
  '\n',
  '"',
  '{',
  '}',
  ':',
  ',',
  '<',
  '>',
  '_',
  '/',
  'Q',
  'R',
  'A',
];
/** What was asked, what the tool said, what the model says. */
const TEMPLATE = `{% for m in messages %}{% if m.role == 'assistant' %}A{{ m.content }}{% if m.tool_calls %}{% for c in m.tool_calls %}<tool_call>
{"name": "{{ c.function.name }}", "arguments": {{ c.function.arguments | tojson }}}
</tool_call>{% endfor %}{% endif %}{{ eos_token }}{% else %}{{ 'R' if m.role == 'tool' else 'Q' }}{{ m.content }}{% endif %}
{% endfor %}{% if add_generation_prompt %}A{% endif %}`;

/** Writes the untrained model's folder. */
export async function writeModel(folder: string): Promise<void> {
  const tokenizer = symbolTokenizer(SYMBOLS, { chatTemplate: TEMPLATE });
  const config = freshConfig({ hiddenSize: 64, layers: 3, heads: 4, maxPositions: 128 }, tokenizer);
  const engine = await createOnnxEngine({ model: config, tokenizer, seed: 1 });
  await engine.export(folder);
  engine.dispose();
}

/** Conversations to imitate; of the sums at their ends, this share is right. */
export function demonstrations(count: number, right: number): unknown[] {
  const r = rng(0, 'demonstrations');
  const call = (thing: string, id: string) => ({
    role: 'assistant',
    tool_calls: [{ id, type: 'function', function: { name: 'price', arguments: `{"thing": "${thing}"}` } }],
  });
  return Array.from({ length: count }, () => {
    const { text, things, answer } = r.choice(questions);
    const said = r.uniform() < right ? answer : String(2 + r.int(14));
    return {
      messages: [
        { role: 'user', content: text },
        call(things[0], 'a'),
        { role: 'tool', tool_call_id: 'a', content: priceOf(things[0]) },
        call(things[1], 'b'),
        { role: 'tool', tool_call_id: 'b', content: priceOf(things[1]) },
        { role: 'assistant', content: said },
      ],
    };
  });
}
