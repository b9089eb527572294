/** Benchmark: what a JSON schema costs, as the server's chats by one against as many free tokens. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BenchContext } from './context.ts';
import { benchEngine, someTokens, WRITING_SYMBOLS } from './models.ts';
import type { BenchRow } from './row.ts';
import { startApi } from './serve-api.ts';
import { median } from './turns.ts';

const MODEL = '2.9M';
const PROMPT_TOKENS = 32;
const CLIENTS = [1, 8, 64] as const;
/** Answers of a repetition, at least: few clients give several each, one after the other. */
const ANSWERS = 16;
/** More than any answer by the schema takes. */
const MOST_TOKENS = 1024;

const KINDS = ['person', 'place', 'thing'];
/** Every kind of value. What a fresh model writes ends by itself, since everything has a largest length. */
const SCHEMA = {
  type: 'object',
  properties: {
    name: { type: 'string', minLength: 8, maxLength: 24 },
    kind: { enum: KINDS },
    count: { type: 'integer', minimum: 0, maximum: 999 },
    sure: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string', maxLength: 6 }, minItems: 2, maxItems: 3 },
    place: {
      type: 'object',
      properties: { row: { type: 'integer', minimum: 0, maximum: 9 }, note: { type: ['null', 'boolean'] } },
      required: ['row', 'note'],
      additionalProperties: false,
    },
  },
  required: ['name', 'kind', 'count', 'sure', 'tags', 'place'],
  additionalProperties: false,
};

interface Answer {
  choices: [{ message: { content: string }; finish_reason: string }];
  usage: { completion_tokens: number };
}

/** Throws unless the text is what the schema describes. */
function check({ choices: [{ message, finish_reason: reason }] }: Answer): void {
  const value = JSON.parse(message.content) as Record<string, unknown>;
  const { name, kind, count, sure, tags, place } = value;
  const isRight =
    reason === 'stop' &&
    Object.keys(value).length === 6 &&
    typeof name === 'string' &&
    KINDS.includes(kind as string) &&
    Number.isInteger(count) &&
    typeof sure === 'boolean' &&
    Array.isArray(tags) &&
    Number.isInteger((place as { row: unknown }).row);
  if (!isRight) throw new Error(`not by the schema (${reason}): ${message.content}`);
}

/**
 * Clients that ask for answers by a strict JSON schema, then for as many free tokens; the cost is how much longer a
 * token takes. Every answer is parsed and checked.
 */
export async function* benchConstrained(context: BenchContext): AsyncGenerator<BenchRow> {
  const workOf = (clients: number) =>
    `serve ${MODEL} JSON ${clients} ${clients === 1 ? 'client' : 'clients'}`;
  const wanted = CLIENTS.filter((clients) => context.wants(workOf(clients)));
  if (wanted.length === 0) return;
  const folder = mkdtempSync(join(tmpdir(), 'burnish-bench-json-'));
  const engine = await benchEngine(MODEL, { symbols: WRITING_SYMBOLS });
  await engine.export(folder);
  engine.dispose();
  const api = await startApi(folder);

  const ask = (seed: number, maxTokens: number, more: object) =>
    api.post<Answer>('/v1/chat/completions', {
      model: 'bench',
      messages: [{ role: 'user', content: 'x' }],
      prompt_token_ids: someTokens(seed, PROMPT_TOKENS),
      max_tokens: maxTokens,
      seed,
      ...more,
    });
  /** Answers of at most so many tokens each, `clients` at a time; the tokens that came and how long it took. */
  const round = async (clients: number, limits: readonly number[], seed: number, more: object) => {
    const started = performance.now();
    const answers: Answer[] = [];
    const client = async (_: unknown, first: number) => {
      for (let i = first; i < limits.length; i += clients) answers[i] = await ask(seed + i, limits[i], more);
    };
    await Promise.all(Array.from({ length: clients }, client));
    const tokens = answers.map(({ usage }) => usage.completion_tokens);
    const seconds = (performance.now() - started) / 1000;
    return { answers, tokens, speed: tokens.reduce((sum, x) => sum + x, 0) / seconds };
  };
  const json = {
    response_format: { type: 'json_schema', json_schema: { name: 'thing', strict: true, schema: SCHEMA } },
  };

  try {
    for (const clients of wanted) {
      const limits = Array.from({ length: Math.max(clients, ANSWERS) }, () => MOST_TOKENS);
      const costs: number[] = [];
      const speeds: number[] = [];
      let parsed = 0;
      // The first repetition warms up: the schema is compiled, and programs for so many rows.
      for (let i = 0; i <= context.repetitions; i++) {
        context.peak.probe();
        const bound = await round(clients, limits, 1000 * i, json);
        const free = await round(clients, bound.tokens, 1000 * i, {});
        bound.answers.forEach(check);
        if (i === 0) continue;
        parsed += limits.length;
        costs.push(100 * (free.speed / bound.speed - 1));
        speeds.push(bound.speed);
      }
      yield {
        work: workOf(clients),
        unit: '%',
        ours: median(costs),
        low: Math.min(...costs),
        high: Math.max(...costs),
        repetitions: costs.length,
        note: `${median(speeds).toFixed(0)} tokens/s by the schema; all ${parsed} answers parse`,
      };
    }
  } finally {
    await api.close();
    rmSync(folder, { recursive: true });
  }
}
