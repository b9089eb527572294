/** A tokenizer with one token a symbol (a character or a longer string), for small models trained from scratch. */
import {
  badTokenId,
  libraryTokenizer,
  readTokenizerFiles,
  type TokenizerFiles,
} from './library-tokenizer.ts';
import { namedTokens } from './special-tokens.ts';
import { BOS, EOS, PAD, type SymbolOptions, symbolTokenizerFiles } from './symbol-files.ts';
import type { Tokenizer } from './tokenizer.ts';
import type { TokenizerJson } from './tokenizer-json.ts';

/**
 * A tokenizer of the given symbols plus `<pad>`, `<eos>` and, if asked for, `<bos>`. At each place of a text the
 * longest symbol is taken; `encode` throws an Error that names a character no symbol begins with.
 * `decode(encode(text)) === text` for every text it accepts, unless the text spells out a special token.
 */
export function symbolTokenizer(symbols: readonly string[], options: SymbolOptions = {}): Tokenizer {
  return tokenizerFromFiles(symbolTokenizerFiles(symbols, options));
}

/** A tokenizer from the texts of its files: the direct path where Burnish's symbol tokenizer wrote them, else the library's. */
export function tokenizerFromFiles(files: TokenizerFiles): Tokenizer {
  const symbols = symbolsOf(readTokenizerFiles(files).json);
  return symbols === undefined ? libraryTokenizer(files) : directTokenizer(files);
}

/** The symbols, if `json` is exactly what `symbolTokenizerFiles` writes for them; undefined for any other tokenizer. */
function symbolsOf(json: TokenizerJson): string[] | undefined {
  const vocab = json.model.vocab;
  if (json.model.type !== 'BPE' || vocab === undefined || Array.isArray(vocab)) return undefined;
  const bos = vocab[BOS] === 2;
  if (vocab[PAD] !== 0 || vocab[EOS] !== 1) return undefined;
  const tokens: string[] = [];
  for (const [token, id] of Object.entries(vocab)) if (typeof id === 'number') tokens[id] = token;
  const symbols = tokens.slice(bos ? 3 : 2);
  if (symbols.length === 0 || symbols.some((symbol) => typeof symbol !== 'string')) return undefined;
  const ours = JSON.parse(symbolTokenizerFiles(symbols, { bos })['tokenizer.json']) as TokenizerJson;
  return sameMeaning(ours, json) ? symbols : undefined;
}

/** Whether two tokenizer files say the same, field by field in any order; fields that ours leaves out may be there. */
function sameMeaning(ours: unknown, theirs: unknown): boolean {
  if (typeof ours !== 'object' || ours === null || typeof theirs !== 'object' || theirs === null)
    return Object.is(ours, theirs);
  if (Array.isArray(ours))
    return (
      Array.isArray(theirs) &&
      ours.length === theirs.length &&
      ours.every((x, i) => sameMeaning(x, theirs[i]))
    );
  const a = ours as Record<string, unknown>;
  const b = theirs as Record<string, unknown>;
  return Object.keys({ ...a, ...b }).every((key) => sameMeaning(a[key] ?? null, b[key] ?? null));
}

interface Candidate {
  text: string;
  id: number;
}

/** Encodes and decodes by table lookups; equal to the library on the same files (a property test holds them together). */
function directTokenizer(files: TokenizerFiles): Tokenizer {
  const { json, config } = readTokenizerFiles(files);
  const ids = new Map(Object.entries(json.model.vocab as Record<string, number>));
  const texts: string[] = [];
  for (const [text, id] of ids) texts[id] = text;
  const named = namedTokens(files, json, config, (token) => ids.get(token));
  const specials = (json.added_tokens ?? []).map((token) => token.content);
  const shown = texts.map((text, id) => (named.specialIds.has(id) ? '' : text));
  const specialPattern = new RegExp(`(${specials.join('|')})`);
  const byFirstUnit = new Map<number, Candidate[]>();
  for (const [text, id] of ids) {
    if (specials.includes(text)) continue;
    const list = byFirstUnit.get(text.charCodeAt(0)) ?? [];
    list.push({ text, id });
    byFirstUnit.set(text.charCodeAt(0), list);
  }
  /** Id of a symbol that is one code unit and the only one to begin with it, or -1; by code unit. */
  const lone = new Int32Array(0x10000).fill(-1);
  for (const [unit, list] of byFirstUnit) {
    list.sort((a, b) => b.text.length - a.text.length);
    if (list.length === 1 && list[0].text.length === 1) lone[unit] = list[0].id;
  }

  const encodePlain = (text: string, out: number[]) => {
    for (let i = 0; i < text.length; ) {
      const unit = text.charCodeAt(i);
      if (lone[unit] >= 0) {
        out.push(lone[unit]);
        i++;
        continue;
      }
      const match = byFirstUnit.get(unit)?.find((candidate) => text.startsWith(candidate.text, i));
      if (match === undefined) throw unknownCharacter(text, i, byFirstUnit);
      out.push(match.id);
      i += match.text.length;
    }
  };
  return {
    ...named,
    vocabSize: texts.length,
    encode(text, { addSpecialTokens = false } = {}) {
      const out: number[] = addSpecialTokens && named.bosId !== undefined ? [named.bosId] : [];
      if (!specials.some((special) => text.includes(special))) {
        encodePlain(text, out);
        return out;
      }
      for (const part of text.split(specialPattern)) {
        if (specials.includes(part)) out.push(ids.get(part) as number);
        else encodePlain(part, out);
      }
      return out;
    },
    decode(tokens, { skipSpecial = true } = {}) {
      let text = '';
      for (const id of tokens) {
        if (!Number.isInteger(id) || id < 0) throw badTokenId(id);
        if (id < texts.length) text += (skipSpecial ? shown : texts)[id];
      }
      return text;
    },
    tokenToId: (token) => ids.get(token),
    files: () => ({ ...files }),
  };
}

function unknownCharacter(text: string, at: number, table: ReadonlyMap<number, Candidate[]>): Error {
  const point = text.codePointAt(at) as number;
  const code = point.toString(16).toUpperCase().padStart(4, '0');
  const known = [...table.values()].flat().map((candidate) => candidate.text);
  const shown = known.slice(0, 60).map((symbol) => JSON.stringify(symbol).slice(1, -1));
  return new Error(
    `encode: character ${JSON.stringify(String.fromCodePoint(point))} (U+${code}) at position ${at} of ` +
      `${JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)} begins no symbol of this tokenizer; ` +
      `its symbols are: ${shown.join(' ')}${known.length > shown.length ? ` … (${known.length} in all)` : ''}`,
  );
}
