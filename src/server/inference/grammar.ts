/** JSON and nothing else: which tokens keep a text on the way to what a JSON schema describes. */
import type { CompiledGrammar, GrammarCompiler, GrammarMatcher } from '@mlc-ai/web-xgrammar';
import type { TokenConstraint } from '../../engine/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import { invalid } from '../errors.ts';
import { xgrammar } from './xgrammar.ts';

/** What JSON is asked for: any object, or what a schema describes. */
export type JsonFormat = { kind: 'object' } | { kind: 'schema'; schema: unknown; strict: boolean };

/** Schemas that are kept compiled. */
const MOST_GRAMMARS = 64;
/** Blanks in a row that JSON may have between its parts. */
const MOST_BLANKS = 2;

/** How a vocabulary's texts stand for bytes, by the tokenizer's own description. */
function vocabularyType(files: Readonly<Record<string, string>>): 'byte_level' | 'byte_fallback' | 'raw' {
  const text = files['tokenizer.json'] ?? '';
  if (text.includes('"ByteLevel"')) return 'byte_level';
  return text.includes('"ByteFallback"') ? 'byte_fallback' : 'raw';
}

/** Texts of all tokens as the library wants them: as they are in the vocabulary, or decoded. */
function vocabularyOf(tokenizer: Tokenizer, type: string): string[] {
  const texts = new Array<string>(tokenizer.vocabSize).fill('');
  const decoded = (id: number) => tokenizer.decode([id], { skipSpecial: false });
  if (type === 'raw') return texts.map((_, id) => decoded(id));
  const json = JSON.parse(tokenizer.files()['tokenizer.json']) as {
    model: { vocab: Record<string, number> };
    added_tokens?: { id: number; content: string }[];
  };
  for (const [text, id] of Object.entries(json.model.vocab)) texts[id] = text;
  for (const { id, content } of json.added_tokens ?? []) texts[id] = content;
  return texts;
}

const TYPES = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);

/** The first type in a schema that JSON does not have: the library ends on one. */
function foreignType(schema: unknown): string | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'const' || key === 'enum' || key === 'default' || key === 'examples') continue;
    if (key === 'type' && !Array.isArray(schema)) {
      const foreign = [value].flat().find((one) => typeof one === 'string' && !TYPES.has(one));
      if (foreign !== undefined) return String(foreign);
    }
    const inner = foreignType(value);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** Compiles formats for one model's vocabulary. */
export class Grammars {
  private readonly tokenizer: Tokenizer;
  private readonly vocabulary: number;
  private compiler: Promise<GrammarCompiler> | undefined;
  private compiled = new Map<string, Promise<CompiledGrammar>>();

  /** `vocabulary`: tokens that the model gives probabilities of; the tokenizer may know fewer. */
  constructor(tokenizer: Tokenizer, vocabulary: number) {
    this.tokenizer = tokenizer;
    this.vocabulary = vocabulary;
  }

  /** A fresh constraint. Throws a 400 naming `param` where the schema cannot be followed. */
  async constraint(format: JsonFormat, param: string): Promise<TokenConstraint> {
    const grammar = await this.compile(format, param);
    const { GrammarMatcher } = xgrammar();
    const matcher = await GrammarMatcher.createGrammarMatcher(grammar, [...this.tokenizer.eosIds], false);
    const constraint = new GrammarConstraint(matcher);
    await constraint.ready;
    if (!constraint.allowed().some((bits) => bits !== 0)) {
      constraint.dispose();
      throw invalid("This model's vocabulary has no tokens that such an answer could begin with.", param);
    }
    return constraint;
  }

  /** Gives back what the library holds, which nothing else does. Constraints that are there go on. */
  async dispose(): Promise<void> {
    const { compiler, compiled } = this;
    this.compiler = undefined;
    this.compiled = new Map();
    for (const made of [...compiled.values(), compiler])
      await made?.then(
        (one) => one.dispose(),
        () => undefined,
      );
  }

  private compile(format: JsonFormat, param: string): Promise<CompiledGrammar> {
    const key = JSON.stringify(format);
    const known = this.compiled.get(key);
    if (known !== undefined) return known;
    const work = this.made(format).catch((error: Error) => {
      this.compiled.delete(key);
      throw invalid(`This JSON schema cannot be followed: ${error.message}`, param, 'invalid_json_schema');
    });
    this.compiled.set(key, work);
    if (this.compiled.size > MOST_GRAMMARS) this.compiled.delete(this.compiled.keys().next().value as string);
    return work;
  }

  private async made(format: JsonFormat): Promise<CompiledGrammar> {
    this.compiler ??= this.newCompiler();
    const compiler = await this.compiler;
    if (format.kind === 'object')
      return await compiler.compileJSONSchema(
        '{"type":"object"}',
        true,
        undefined,
        undefined,
        false,
        MOST_BLANKS,
      );
    const foreign = foreignType(format.schema);
    if (foreign !== undefined) throw new Error(`there is no type '${foreign}'`);
    const schema = JSON.stringify(format.schema);
    return await compiler.compileJSONSchema(schema, true, undefined, undefined, format.strict, MOST_BLANKS);
  }

  private async newCompiler(): Promise<GrammarCompiler> {
    const { TokenizerInfo, GrammarCompiler } = xgrammar();
    const type = vocabularyType(this.tokenizer.files());
    const info = await TokenizerInfo.createTokenizerInfo(
      vocabularyOf(this.tokenizer, type),
      type,
      false,
      this.vocabulary,
      [...this.tokenizer.eosIds],
    );
    try {
      return await GrammarCompiler.createGrammarCompiler(info);
    } finally {
      info.dispose();
    }
  }
}

/** One text on its way. The library answers asynchronously: `ready` is when `allowed` speaks of the next token. */
class GrammarConstraint implements TokenConstraint {
  ready: Promise<void>;
  private readonly matcher: GrammarMatcher;
  private mask: Int32Array = new Int32Array(0);
  private disposed = false;

  constructor(matcher: GrammarMatcher) {
    this.matcher = matcher;
    this.ready = this.look();
  }

  allowed(): Int32Array {
    return this.mask;
  }

  accept(token: number): void {
    if (!this.matcher.acceptToken(token))
      throw new Error(`the grammar refuses token ${token}, which it allowed`);
    this.ready = this.look();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    void this.ready.finally(() => this.matcher.dispose());
  }

  private async look(): Promise<void> {
    if (!this.disposed) this.mask = await this.matcher.getNextTokenBitmask();
  }
}
