/** Tests of tokenizers from Hugging Face files, against what transformers says of the same texts. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderChat } from './chat-template.ts';
import { loadTokenizer } from './load-tokenizer.ts';
import { symbolTokenizer } from './symbol-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

interface Expected {
  vocabSize: number;
  texts: { text: string; ids: number[]; withSpecials: number[]; decoded: string }[];
  chat: { role: 'system' | 'user' | 'assistant'; content: string }[];
  rendered: string;
  renderedWithoutPrompt: string;
}

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);

describe.each(['byte-level', 'sentencepiece'])('loadTokenizer on a %s tokenizer', (name) => {
  let tokenizer: Tokenizer;
  let expected: Expected;
  beforeAll(async () => {
    tokenizer = await loadTokenizer(fixture(name));
    expected = JSON.parse(await readFile(join(fixture(name), 'expected.json'), 'utf8'));
  });

  it('encodes and decodes as transformers does', () => {
    expect(tokenizer.vocabSize).toBe(expected.vocabSize);
    for (const { text, ids, withSpecials, decoded } of expected.texts) {
      expect(tokenizer.encode(text), text).toEqual(ids);
      expect(tokenizer.encode(text, { addSpecialTokens: true }), text).toEqual(withSpecials);
      expect(tokenizer.decode(ids), text).toBe(decoded);
    }
  });

  it('knows the special tokens', () => {
    expect(tokenizer.bosId).toBe(tokenizer.tokenToId('<|start|>'));
    expect(tokenizer.eosId).toBe(tokenizer.tokenToId('<|end|>'));
    expect([tokenizer.eosIds, tokenizer.padId, tokenizer.eosToken]).toEqual([
      [tokenizer.eosId],
      tokenizer.eosId,
      '<|end|>',
    ]);
    const ids = tokenizer.encode('<|start|>a<|end|>');
    expect(tokenizer.decode(ids)).toBe('a');
    expect(tokenizer.decode(ids, { skipSpecial: false })).toContain('<|end|>');
  });

  it('renders the chat template as transformers does', () => {
    const tokens = { bosToken: tokenizer.bosToken, eosToken: tokenizer.eosToken };
    const template = tokenizer.chatTemplate as string;
    expect(renderChat(template, expected.chat, tokens)).toBe(expected.rendered);
    expect(renderChat(template, expected.chat, { ...tokens, addGenerationPrompt: false })).toBe(
      expected.renderedWithoutPrompt,
    );
  });
});

describe('loadTokenizer', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'burnish-text-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const write = async (files: Record<string, string>) => {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  };

  it('refuses a folder without a tokenizer and names it', async () => {
    await expect(loadTokenizer(join(folder, 'nowhere'))).rejects.toThrow(/no tokenizer in .*nowhere/);
  });

  it('loads what it saved, with every end id of the model settings', async () => {
    const made = symbolTokenizer(['a', 'b', 'c'], { bos: true, chatTemplate: '{{ messages[0].content }}' });
    await write({
      ...made.files(),
      'generation_config.json': '{"eos_token_id": [1, 5]}',
      'config.json': '{"eos_token_id": 1}',
    });
    const loaded = await loadTokenizer(folder);
    expect(loaded.encode('cab', { addSpecialTokens: true })).toEqual([2, 5, 3, 4]);
    expect([loaded.eosId, loaded.eosIds]).toEqual([1, [1, 5]]);
    expect(loaded.chatTemplate).toBe('{{ messages[0].content }}');
    expect(loaded.files()).toEqual(made.files());
  });

  it('prefers chat_template.jinja, and saves it', async () => {
    await write({ ...symbolTokenizer(['a'], { chatTemplate: 'old' }).files(), 'chat_template.jinja': 'new' });
    const loaded = await loadTokenizer(folder);
    expect(loaded.chatTemplate).toBe('new');
    expect(loaded.files()['chat_template.jinja']).toBe('new');
    await rm(join(folder, 'chat_template.jinja'));
  });

  it('names the file and the reason when a file is broken', async () => {
    await write({ 'tokenizer.json': '{"model": 3}', 'tokenizer_config.json': '{}' });
    await expect(loadTokenizer(folder)).rejects.toThrow(
      /cannot load the tokenizer in .*tokenizer\.json: .*model/s,
    );
    await write({ 'tokenizer.json': '{"model": ' });
    await expect(loadTokenizer(folder)).rejects.toThrow(/tokenizer\.json: not valid JSON/);
  });

  it('asks for an end token and for special tokens that exist', async () => {
    const files = symbolTokenizer(['a']).files();
    await rm(join(folder, 'config.json'));
    await rm(join(folder, 'generation_config.json'));
    await write({ ...files, 'tokenizer_config.json': '{}' });
    await expect(loadTokenizer(folder)).rejects.toThrow(/no end-of-sequence token/);
    await write({ 'tokenizer_config.json': '{"eos_token": "<end>"}' });
    await expect(loadTokenizer(folder)).rejects.toThrow(/eos_token is "<end>", which the vocabulary lacks/);
  });
});
