/** Reads prompts, whole or from where known tokens end: keys and values for a cache, and the next token's probabilities. */
import type { ModelWeights } from '../../nn/index.ts';
import { type BoundRun, intArray, NativeTensor, runTogether } from '../../tensor/index.ts';
import { batchRows, bucketLength, nextPowerOfTwo } from './batching.ts';
import { bindRows } from './bind-rows.ts';
import { type CacheTensors, cacheCapacity, KeyValueCache } from './cache.ts';
import { INLINE_MILLISECONDS, type Share, shareMany } from './lanes.ts';
import { nextTensors, nextTokens } from './next-tensors.ts';
import type { NextTokens } from './pick-token.ts';
import type { KnownPrefix } from './prefixes.ts';
import type { ModelPrograms } from './programs.ts';
import { Recent } from './recent.ts';

/** A prompt, and what is known of it. */
export interface PromptToRead {
  prompt: readonly number[];
  sharpness: number;
  prefix?: KnownPrefix;
}

/** What came of prompts that were read together. */
export interface ReadPrompts<P> {
  prompts: readonly P[];
  next: NextTokens;
  /** Keys and values of the tokens that were read, a row for each prompt: [rows, kvHeads, length, D]. */
  layers: readonly CacheTensors[];
}

/** Tokens times parameters of a run of about `INLINE_MILLISECONDS`: 3e9 operations, where a machine makes 200e9 a second. */
const INLINE_TOKEN_PARAMETERS = 1.4e9;
/** As few tokens at once do not make the most of a machine. */
const FEWEST_TOKENS = 256;

/** Bound reads that are kept, and most bytes of keys and values of one. */
const MOST_KEPT = 8;
const MOST_KEPT_BYTES = 2 ** 23;

/** What is known of prompts that are read together, in rows of `room` tokens. */
interface Known {
  room: number;
  tensors: { layers: CacheTensors[]; length: NativeTensor };
}

/** A program bound to memory of its own. */
interface BoundRead {
  ids: Int32Array;
  last: Int32Array;
  sharpness: Float32Array;
  next: NextTokens;
  layers: readonly CacheTensors[];
  /** One a lane. */
  runs: BoundRun[];
}

const disposeRead = ({ runs }: BoundRead) => {
  for (const run of runs) run.dispose();
};

export interface ReaderOptions {
  /**
   * Prompts are read in runs that are short enough for the calling thread. A prompt rounds otherwise where it is alone in a run,
   * so results depend a little on how prompts are shared out to runs.
   */
  short?: boolean;
  /** How rows are shared out to threads; `shareMany` unless given. */
  share?: Share;
}

/** Reads with one set of weights, at most `mostTokens` padded tokens at once. */
export class PromptReader {
  private readonly weights: ModelWeights;
  private readonly programs: ModelPrograms;
  private readonly mostTokens: number;
  /** As many tokens as are read at once where nothing is known before them. */
  private readonly runTokens: number;
  private readonly share: Share;
  /** Reads of whole prompts that are kept for the next ones, by rows and length. */
  private readonly kept = new Recent<BoundRead>(MOST_KEPT, disposeRead);
  /** What a padded token took when last measured. */
  private millisecondsPerToken = Number.POSITIVE_INFINITY;

  constructor(
    weights: ModelWeights,
    programs: ModelPrograms,
    mostTokens: number,
    { short = false, share = shareMany }: ReaderOptions = {},
  ) {
    this.weights = weights;
    this.programs = programs;
    this.mostTokens = mostTokens;
    // As much is read a millisecond as in longer runs.
    const inline = nextPowerOfTwo(INLINE_TOKEN_PARAMETERS / weights.arena.parameterCount);
    this.runTokens = short ? Math.min(mostTokens, Math.max(FEWEST_TOKENS, inline)) : mostTokens;
    // One row cannot be shared out, but its tokens can.
    this.share = (rows) => (rows === 1 ? { lanes: 1, threads: 'all' } : share(rows));
  }

  dispose(): void {
    this.kept.clear();
  }

  /** Reads prompts of about equal length together. */
  async *read<P extends PromptToRead>(all: readonly P[]): AsyncGenerator<ReadPrompts<P>> {
    const groups = new Map<number, P[]>();
    for (const one of all) {
      const room = one.prefix === undefined ? 0 : cacheCapacity(one.prefix.length);
      const group = groups.get(room);
      if (group) group.push(one);
      else groups.set(room, [one]);
    }
    for (const [room, group] of groups) {
      const lengths = group.map(({ prompt, prefix }) => prompt.length - (prefix?.length ?? 0));
      // What is known takes part in attention alone, and stands for fewer tokens.
      const fitting = Math.min(this.runTokens, this.mostTokens - room);
      const most = Math.max(bucketLength(Math.max(...lengths)), fitting);
      for (const { indices, rows, length } of batchRows(lengths, most)) {
        yield await this.readTogether(
          indices.map((i) => group[i]),
          rows,
          length,
          room,
        );
        // Runs on this thread leave the event loop no turn.
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }

  /** `room`: tokens that there is room for before those that are read; 0 where nothing is known. */
  private async readTogether<P extends PromptToRead>(
    prompts: readonly P[],
    rows: number,
    length: number,
    room: number,
  ): Promise<ReadPrompts<P>> {
    const tokens = rows * length;
    const isKept = room === 0 && KeyValueCache.slotBytes(this.weights.config, tokens) <= MOST_KEPT_BYTES;
    const read = isKept
      ? this.kept.get(`${rows}x${length}`, () => this.bind(rows, length))
      : this.bind(rows, length, room > 0 ? this.past(prompts, rows, room) : undefined);
    const { ids, last, sharpness, next, layers, runs } = read;
    ids.fill(0);
    last.fill(0);
    sharpness.fill(1);
    prompts.forEach((one, row) => {
      const from = one.prefix?.length ?? 0;
      for (let at = from; at < one.prompt.length; at++) ids[row * length + at - from] = one.prompt[at];
      last[row] = one.prompt.length - from - 1;
      sharpness[row] = one.sharpness;
    });
    const started = performance.now();
    await runTogether(runs, tokens * this.millisecondsPerToken < INLINE_MILLISECONDS);
    this.millisecondsPerToken = (performance.now() - started) / tokens;
    if (!isKept) disposeRead(read);
    return { prompts, next, layers };
  }

  /** With `past`, a program that goes on from what is known. */
  private bind(rows: number, length: number, past?: Known): BoundRead {
    const { weights, programs, share } = this;
    const ids = NativeTensor.zeros('i32', [rows, length]);
    const last = NativeTensor.zeros('i32', [rows]);
    const sharpness = NativeTensor.zeros('f32', [rows]);
    const next = nextTensors(weights.config, rows);
    const layers = new KeyValueCache(weights.config, rows, length).tensors(rows);
    const runs = bindRows(
      rows,
      share,
      (own, threads) =>
        past ? programs.extend(own, length, past.room, threads) : programs.prefill(own, length, threads),
      { parameters: weights.tensors },
      { ids, last, sharpness, ...(past ? { past: past.tensors } : {}) },
      { next, layers },
    );
    return {
      ids: ids.data as Int32Array,
      last: last.data as Int32Array,
      sharpness: sharpness.data as Float32Array,
      next: nextTokens(next),
      layers,
      runs,
    };
  }

  /** What is known of each prompt, in rows of `room` tokens. */
  private past(prompts: readonly PromptToRead[], rows: number, room: number): Known {
    const cache = new KeyValueCache(this.weights.config, rows, room);
    prompts.forEach(({ prefix }, row) => {
      if (prefix !== undefined) cache.fillKnown(row, prefix);
    });
    const lengths = Int32Array.from({ length: rows }, (_, row) => prompts[row]?.prefix?.length ?? 0);
    return { room, tensors: { layers: cache.tensors(rows), length: intArray(lengths, [rows]) } };
  }
}
