/** Rows decoded together: prompts are read once, finished rows leave, and others join between two tokens. */
import type { ModelWeights } from '../../nn/index.ts';
import { runTogether } from '../../tensor/index.ts';
import { cacheCapacity, KeyValueCache } from './cache.ts';
import { DecodeSteps } from './decode-steps.ts';
import { INLINE_MILLISECONDS, type Share } from './lanes.ts';
import type { NextTokens } from './pick-token.ts';
import { Prefixes } from './prefixes.ts';
import type { ModelPrograms, SamplingPrecision } from './programs.ts';
import { PromptReader, type PromptToRead } from './prompt-reader.ts';

export interface SessionLimits {
  /** Most rows that decode together. */
  maxRows: number;
  /** Most bytes of key-value cache. */
  cacheBytes: number;
  /** Most padded prompt tokens read in one prefill run. */
  prefillTokens: number;
}

/** One completion being made. */
export interface DecodedRow {
  /** What log-probabilities are multiplied by before `NextTokens.weights` are taken: 1 / temperature. */
  readonly sharpness: number;
  /** Tokens drawn so far. */
  readonly tokens: readonly number[];
  /** What has to settle before the next token can be drawn. */
  readonly ready?: Promise<void>;
  /** Draws the next token from row `at`, and adds it to `tokens`; true when that was the last one. */
  advance(next: NextTokens, at: number): boolean;
}

/** A prompt, and the rows that continue it: they begin together, and the prompt is read once for all. */
export interface DecodedPrompt {
  prompt: readonly number[];
  rows: readonly DecodedRow[];
  /**
   * Its text is kept, and it goes on from a text that was kept, of the same scope: where prompts often begin alike, as turns of a
   * conversation do. See `SessionOptions.prefixBytes`.
   */
  scope?: string;
  /** Told, when the prompt is read, how many of its tokens had been read before. */
  onRead?(known: number): void;
}

export interface SessionOptions {
  /**
   * Steps that come again and again get programs with the weights packed into them: for weights that seldom change. That rounds
   * otherwise, so results depend a little on what was decoded before.
   */
  pack?: boolean;
  /**
   * Bytes of keys and values that are kept of texts, so that a prompt that begins alike is read from there. That rounds otherwise,
   * too. Nothing is kept unless given.
   */
  prefixBytes?: number;
  /** Prompts are read in runs that are short enough for the calling thread, see `ReaderOptions`: that rounds otherwise, too. */
  shortReads?: boolean;
  /** How rows are shared out to threads; `shareMany` unless given. */
  share?: Share;
}

/** A row that has its place in the cache. */
interface ActiveRow {
  row: DecodedRow;
  prompt: readonly number[];
  scope?: string;
}

/** Decodes with one set of weights. Call `open` before anything else. */
export class DecodingSession {
  private readonly weights: ModelWeights;
  private readonly limits: SessionLimits;
  private readonly steps: DecodeSteps;
  private readonly reader: PromptReader;
  private readonly prefixes: Prefixes | undefined;
  private cache: KeyValueCache | undefined;
  private waiting: DecodedPrompt[] = [];
  /** Rows whose prompts are being read. */
  private readonly beginning = new Set<DecodedRow>();
  private active: ActiveRow[] = [];
  private inline = false;

  constructor(
    weights: ModelWeights,
    programs: ModelPrograms,
    limits: SessionLimits,
    { pack = false, prefixBytes, shortReads, share }: SessionOptions = {},
  ) {
    this.weights = weights;
    this.limits = limits;
    this.steps = new DecodeSteps(weights, programs, pack, share);
    this.reader = new PromptReader(weights, programs, limits.prefillTokens, { short: shortReads, share });
    if (prefixBytes !== undefined) this.prefixes = new Prefixes(weights.config, prefixBytes);
  }

  /** To be called when the weights have changed. */
  weightsChanged(): void {
    this.steps.weightsChanged();
    this.prefixes?.clear();
  }

  /** Rows for which there is room in memory when each has up to `capacity` tokens: a power of two. */
  affordableRows(capacity: number): number {
    const { maxRows, cacheBytes } = this.limits;
    const affordable = Math.floor(
      cacheBytes / KeyValueCache.slotBytes(this.weights.config, cacheCapacity(capacity)),
    );
    return 2 ** Math.floor(Math.log2(Math.max(1, Math.min(maxRows, affordable))));
  }

  /** Starts over, with a cache of `slots` rows of up to `capacity` tokens; one of that size is used again. */
  open(slots: number, capacity: number): void {
    const maxCapacity = cacheCapacity(capacity);
    this.waiting = [];
    this.beginning.clear();
    this.active = [];
    if (this.cache?.maxCapacity !== maxCapacity || this.cache.slots !== slots) {
      this.dispose();
      this.cache = new KeyValueCache(this.weights.config, slots, maxCapacity);
    }
    this.cache.reset(1);
  }

  /** Rows that are being decoded. */
  get activeRows(): number {
    return this.active.length;
  }

  /** Slots that nobody has or waits for. */
  get freeSlots(): number {
    return this.waiting.reduce(
      (free, { rows }) => free - rows.length,
      this.opened.slots - this.active.length,
    );
  }

  /** All rows that are decoded or wait; those that were to begin in a step that failed, too. */
  get rows(): DecodedRow[] {
    const waiting = this.waiting.flatMap(({ rows }) => rows);
    return [...this.active.map(({ row }) => row), ...this.beginning, ...waiting];
  }

  /** True when nothing is left to do. */
  get idle(): boolean {
    return this.active.length === 0 && this.waiting.length === 0;
  }

  /** Puts a prompt in line; of at most as many rows as there are slots. Those added first are begun first. */
  add(prompt: DecodedPrompt): void {
    this.waiting.push(prompt);
  }

  /** Takes rows out that need no more tokens. */
  remove(isGone: (row: DecodedRow) => boolean): void {
    this.waiting = this.waiting
      .map((one) => ({ ...one, rows: one.rows.filter((row) => !isGone(row)) }))
      .filter(({ rows }) => rows.length > 0);
    for (let slot = this.active.length - 1; slot >= 0; slot--)
      if (isGone(this.active[slot].row)) this.vacate(slot);
  }

  /**
   * Begins what fits, and gives every row one more token. Prompts are read, and first tokens drawn, in float32; `precision`
   * is that of all other tokens.
   */
  async step(precision: SamplingPrecision = 'float32'): Promise<void> {
    const { opened: cache, active } = this;
    const { slots } = cache;
    if (this.waiting.length > 0 && this.waiting[0].rows.length <= slots - active.length) await this.admit();
    if (active.length === 0) return;
    for (const { row } of active) if (row.ready !== undefined) await row.ready;
    const longest = active.reduce((most, row) => Math.max(most, lengthOf(row)), 0);
    cache.fit(longest, active.length);
    const step = await this.steps.get(cache, Math.min(slots, paddedRows(active.length)), precision);
    active.forEach((one, slot) => {
      const { tokens, sharpness } = one.row;
      step.ids[slot] = tokens[tokens.length - 1];
      step.position[slot] = lengthOf(one) - 1;
      step.sharpness[slot] = sharpness;
    });
    step.ids.fill(0, active.length);
    step.position.fill(0, active.length);
    step.sharpness.fill(1, active.length);
    const started = performance.now();
    await runTogether(step.runs, this.inline);
    this.inline = performance.now() - started < INLINE_MILLISECONDS;
    // Back to front, so that the row moved into a finished row's slot has had its token already.
    for (let slot = active.length - 1; slot >= 0; slot--)
      if (active[slot].row.advance(step.next, slot)) this.vacate(slot);
  }

  dispose(): void {
    this.steps.clear();
    this.reader.dispose();
    this.cache = undefined;
  }

  private get opened(): KeyValueCache {
    if (this.cache === undefined) throw new Error('the session is not open');
    return this.cache;
  }

  /** Frees a slot: the last row moves into it. */
  private vacate(slot: number): void {
    const { active, opened } = this;
    const { prompt, row, scope } = active[slot];
    // The last token has not been read.
    this.keep(scope, [...prompt, ...row.tokens.slice(0, -1)], slot);
    const last = active.pop() as ActiveRow;
    if (slot === active.length) return;
    active[slot] = last;
    opened.move(active.length, slot, lengthOf(last) - 1);
  }

  /** Remembers what a slot holds of `tokens`. */
  private keep(scope: string | undefined, tokens: readonly number[], slot: number): void {
    const { prefixes, opened } = this;
    if (scope !== undefined && prefixes?.wants(scope, tokens))
      prefixes.add({ scope, tokens: Int32Array.from(tokens), layers: opened.take(slot, tokens.length) });
  }

  /** Begins the first in line, as many as there are free slots for. */
  private async admit(): Promise<void> {
    const { active, opened: cache, prefixes } = this;
    const batch: (DecodedPrompt & PromptToRead)[] = [];
    let free = cache.slots - active.length;
    while (this.waiting.length > 0 && this.waiting[0].rows.length <= free) {
      const next = this.waiting.shift() as DecodedPrompt;
      free -= next.rows.length;
      const { prompt, rows, scope, onRead } = next;
      const prefix = scope === undefined ? undefined : prefixes?.find(scope, prompt);
      onRead?.(prefix?.length ?? 0);
      for (const row of rows) this.beginning.add(row);
      batch.push({ prompt, rows, scope, sharpness: rows[0].sharpness, prefix });
    }
    for await (const { prompts, next, layers } of this.reader.read(batch)) {
      for (const { rows } of prompts) for (const row of rows) if (row.ready !== undefined) await row.ready;
      prompts.forEach(({ prompt, rows, scope, prefix }, at) => {
        for (const [i, row] of rows.entries()) {
          const ended = row.advance(next, at);
          this.beginning.delete(row);
          if (ended) continue;
          const longest = active.reduce((most, one) => Math.max(most, lengthOf(one)), prompt.length);
          const slot = active.length;
          const known = prefix?.length ?? 0;
          cache.fit(longest, slot);
          if (prefix !== undefined) cache.fillKnown(slot, prefix);
          cache.fill(slot, layers, at, known, prompt.length - known);
          active.push({ row, prompt, scope });
          if (i === 0) this.keep(scope, prompt, slot);
        }
      });
    }
  }
}

/** The number of rows that a step is compiled for: at least `n`, a power of two or three quarters of one. */
function paddedRows(n: number): number {
  const power = 2 ** Math.ceil(Math.log2(n));
  return n <= 0.75 * power ? 0.75 * power : power;
}

/** Tokens of a row so far, its prompt included. */
const lengthOf = ({ prompt, row }: ActiveRow) => prompt.length + row.tokens.length;
