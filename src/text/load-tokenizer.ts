/** Loads the tokenizer of a Hugging Face model folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tokenizerFromFiles } from './symbol-tokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';

const SAVED = ['tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja'];
const READ_ONLY = ['generation_config.json', 'config.json'];

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/**
 * Reads `tokenizer.json`, `tokenizer_config.json` and `chat_template.jinja` from a model folder, and the end token
 * ids from its `generation_config.json` and `config.json` where those are present.
 * Throws an Error that names the folder where `tokenizer.json` is missing, malformed, or no end token is named.
 */
export async function loadTokenizer(folder: string): Promise<Tokenizer> {
  const files: Record<string, string> = {};
  for (const name of [...SAVED, ...READ_ONLY]) {
    const text = await readIfPresent(join(folder, name));
    if (text !== undefined) files[name] = text;
  }
  if (files['tokenizer.json'] === undefined)
    throw new Error(`no tokenizer in ${folder}: expected a model folder that holds tokenizer.json`);
  try {
    const tokenizer = tokenizerFromFiles(files);
    const saved = Object.fromEntries(Object.entries(files).filter(([name]) => SAVED.includes(name)));
    return { ...tokenizer, files: () => ({ ...saved }) };
  } catch (error) {
    throw new Error(`cannot load the tokenizer in ${folder}: ${(error as Error).message}`, { cause: error });
  }
}
