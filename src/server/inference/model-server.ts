/** Answers with one model: its requests share a batch that they join and leave between tokens, in fair turns. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { createDecoder, type Decoder } from '../../engine/index.ts';
import { Grammars } from './grammar.ts';
import type { InferenceRow } from './inference-row.ts';

/** Rows that begin together with one prompt. */
export interface InferenceRequest {
  /** Whose turn it takes: a key's id. */
  owner: string;
  prompt: readonly number[];
  rows: readonly InferenceRow[];
  /** Whose earlier texts it may go on from, see `DecodedPrompt`; none unless given. */
  scope?: string;
  /** Told, when the prompt is read, how many of its tokens had been read before. */
  onRead?(known: number): void;
}

export interface ModelServerOptions {
  folder: string;
  /** Most completions at a time. */
  maxRows: number;
  cacheBytes: number;
  onLoad?(active: number, waiting: number): void;
  /** Told when it is ended: there is no load any more. */
  onEnd?(): void;
}

/** How long weights outlive their last request once they are let go, in milliseconds: one may be on its way. */
const GRACE = 10_000;
/** The event loop gets a turn at least this often, in milliseconds. */
const YIELD = 8;
/** How long requests are waited for that come in one after the other, in milliseconds: prompts read together take less time. */
const GATHER = 20;
/** Turns of the event loop without another request after which none is waited for. */
const QUIET_TURNS = 3;

/** A name for a folder's weights: of its file of weights, the size and the end, where every training leaves a trace. */
async function fingerprintOf(folder: string): Promise<string> {
  const file = await open(join(folder, 'model.safetensors'));
  try {
    const { size } = await file.stat();
    const end = Buffer.alloc(Math.min(size, 65_536));
    await file.read(end, 0, end.length, size - end.length);
    return `fp_${createHash('sha256').update(`${size} `).update(end).digest('hex').slice(0, 12)}`;
  } finally {
    await file.close();
  }
}

/** A loaded model. */
export class ModelServer {
  readonly decoder: Decoder;
  readonly grammars: Grammars;
  /** Names the weights. */
  readonly fingerprint: string;
  /** Names the tokenizer. */
  readonly tokenizerName: string;
  private readonly options: ModelServerOptions;
  /** Waiting, by owner; owners in the order of their turns. */
  private readonly queues = new Map<string, InferenceRequest[]>();
  private pumping = false;
  /** Calls of `embed` that are under way. */
  private embedding = 0;
  /** Set once it is let go. */
  private grace: number | undefined;
  private ending: NodeJS.Timeout | undefined;

  private constructor(decoder: Decoder, fingerprint: string, options: ModelServerOptions) {
    this.fingerprint = fingerprint;
    this.decoder = decoder;
    const files = JSON.stringify(decoder.tokenizer.files());
    this.tokenizerName = createHash('sha256').update(files).digest('hex').slice(0, 12);
    this.grammars = new Grammars(decoder.tokenizer, decoder.config.vocabSize);
    this.options = options;
  }

  /** Loads the model of a folder. */
  static async load(options: ModelServerOptions): Promise<ModelServer> {
    const { folder, maxRows, cacheBytes } = options;
    const decoder = await createDecoder({ folder, limits: { maxRows, cacheBytes } });
    return new ModelServer(decoder, await fingerprintOf(folder), options);
  }

  /** Requests that wait for a place in the batch. */
  private get waiting(): number {
    let count = 0;
    for (const queue of this.queues.values()) count += queue.length;
    return count;
  }

  /** True while somebody waits for it. */
  get busy(): boolean {
    return this.pumping || this.embedding > 0;
  }

  /** Puts a request in line: of each owner one request in turn. More rows than there are slots are begun in several parts. */
  add(request: InferenceRequest): void {
    const { slots } = this.decoder;
    for (let from = 0; from < request.rows.length; from += slots) {
      const part = { ...request, rows: request.rows.slice(from, from + slots) };
      const queue = this.queues.get(request.owner);
      if (queue === undefined) this.queues.set(request.owner, [part]);
      else queue.push(part);
    }
    if (!this.pumping) void this.pump();
  }

  /** Takes rows out that nobody waits for any more. */
  cancel(rows: ReadonlySet<InferenceRow>): void {
    for (const row of rows) row.end();
    for (const [owner, queue] of this.queues) {
      const left = queue
        .map((one) => ({ ...one, rows: one.rows.filter((row) => !rows.has(row)) }))
        .filter((one) => one.rows.length > 0);
      if (left.length === 0) this.queues.delete(owner);
      else this.queues.set(owner, left);
    }
    this.cancelled.push(rows);
  }

  /** Rows to take out before the next step: the session must not change while it computes. */
  private readonly cancelled: ReadonlySet<unknown>[] = [];

  /** Vectors of token sequences, see `Embedder`. */
  async embed(sequences: readonly (readonly number[])[]): Promise<Float32Array[]> {
    this.embedding++;
    try {
      return await this.decoder.embedder.embed(sequences);
    } finally {
      this.embedding--;
      this.disposeWhenDone();
    }
  }

  /** Ends it when the last request is done, and none has come for `grace` milliseconds. */
  close(grace = GRACE): void {
    this.grace = grace;
    this.disposeWhenDone();
  }

  private disposeWhenDone(): void {
    clearTimeout(this.ending);
    if (this.grace === undefined || this.busy) return;
    if (this.grace === 0) this.dispose();
    else this.ending = setTimeout(() => !this.busy && this.dispose(), this.grace).unref();
  }

  private dispose(): void {
    this.decoder.dispose();
    void this.grammars.dispose();
    this.options.onEnd?.();
  }

  /** The next request in line that fits: owners take turns. */
  private next(): InferenceRequest | undefined {
    const [first] = this.queues;
    if (first === undefined) return undefined;
    const [owner, queue] = first;
    if (queue[0].rows.length > this.decoder.session.freeSlots) return undefined;
    const request = queue.shift() as InferenceRequest;
    this.queues.delete(owner);
    if (queue.length > 0) this.queues.set(owner, queue);
    return request;
  }

  /** Waits while requests keep coming in, as those of many clients do whose answers have ended together. */
  private async gather(): Promise<void> {
    const { session } = this.decoder;
    const until = performance.now() + GATHER;
    let before = 0;
    for (let quiet = 0; quiet < QUIET_TURNS; quiet++) {
      const { waiting } = this;
      if (waiting === 0 || waiting >= session.freeSlots || performance.now() > until) return;
      if (waiting > before) quiet = 0;
      before = waiting;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  private async pump(): Promise<void> {
    const { session } = this.decoder;
    this.pumping = true;
    let lastYield = performance.now();
    try {
      for (;;) {
        for (const rows of this.cancelled.splice(0)) session.remove((row) => rows.has(row));
        await this.gather();
        for (let next = this.next(); next !== undefined; next = this.next()) session.add(next);
        this.options.onLoad?.(session.activeRows, this.waiting);
        if (session.idle) break;
        await session.step();
        if (performance.now() - lastYield > YIELD) {
          await new Promise((resolve) => setImmediate(resolve));
          lastYield = performance.now();
        }
      }
    } catch (error) {
      this.fail(error as Error);
    }
    this.pumping = false;
    this.disposeWhenDone();
  }

  /** Tells everybody, and starts over with an empty batch. */
  private fail(error: Error): void {
    const { session, slots, config } = this.decoder;
    const waiting = [...this.queues.values()].flat().flatMap(({ rows }) => rows);
    const all = [...(session.rows as InferenceRow[]), ...waiting];
    this.queues.clear();
    session.open(slots, config.maxPositions);
    for (const row of all) row.fail(error);
  }
}
