/** Reads prompts, whole or from where known tokens end: keys and values for a cache, and the next token's probabilities. */
import type { ModelWeights } from '../../nn/index.ts';
import { intArray, NativeTensor, runTogether } from '../../tensor/index.ts';
import { batchRows, bucketLength } from './batching.ts';
import { bindRows } from './bind-rows.ts';
import type { CacheTensors } from './cache.ts';
import { cacheCapacity } from './cache.ts';
import { shareMany } from './lanes.ts';
import { nextTensors, nextTokens } from './next-tensors.ts';
import type { NextTokens } from './pick-token.ts';
import type { KnownPrefix } from './prefixes.ts';
import type { ModelPrograms } from './programs.ts';

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

/** Reads with one set of weights, at most `mostTokens` padded tokens at once. */
export class PromptReader {
  private readonly weights: ModelWeights;
  private readonly programs: ModelPrograms;
  private readonly mostTokens: number;

  constructor(weights: ModelWeights, programs: ModelPrograms, mostTokens: number) {
    this.weights = weights;
    this.programs = programs;
    this.mostTokens = mostTokens;
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
      const most = Math.max(bucketLength(Math.max(...lengths)), this.mostTokens - room);
      for (const { indices, rows, length } of batchRows(lengths, most))
        yield await this.readTogether(
          indices.map((i) => group[i]),
          rows,
          length,
          room,
        );
    }
  }

  /** `room`: tokens that there is room for before those that are read; 0 where nothing is known. */
  private async readTogether<P extends PromptToRead>(
    prompts: readonly P[],
    rows: number,
    length: number,
    room: number,
  ): Promise<ReadPrompts<P>> {
    const { config, tensors: parameters } = this.weights;
    const ids = new Int32Array(rows * length);
    const last = new Int32Array(rows);
    const sharpness = new Float32Array(rows).fill(1);
    prompts.forEach((one, row) => {
      const read = one.prompt.slice(one.prefix?.length ?? 0);
      ids.set(read, row * length);
      last[row] = read.length - 1;
      sharpness[row] = one.sharpness;
    });
    const next = nextTensors(config, rows);
    const layers = this.keysAndValues(rows, length);
    const inputs = {
      ids: intArray(ids, [rows, length]),
      last: intArray(last, [rows]),
      sharpness: NativeTensor.wrap(sharpness, 'f32', [rows]),
    };
    const outputs = { next, layers };
    const runs =
      room === 0
        ? bindRows(
            rows,
            shareMany,
            (own, threads) => this.programs.prefill(own, length, threads),
            { parameters },
            inputs,
            outputs,
          )
        : bindRows(
            rows,
            shareMany,
            (own, threads) => this.programs.extend(own, length, room, threads),
            { parameters },
            { ...inputs, past: this.past(prompts, rows, room) },
            outputs,
          );
    await runTogether(runs, false);
    for (const run of runs) run.dispose();
    return { prompts, next: nextTokens(next), layers };
  }

  private keysAndValues(rows: number, length: number): CacheTensors[] {
    const { layers, kvHeads, headDim } = this.weights.config;
    const zeros = () => NativeTensor.zeros('f32', [rows, kvHeads, length, headDim]);
    return Array.from({ length: layers }, () => ({ key: zeros(), value: zeros() }));
  }

  /** What is known of each prompt, in rows of `room` tokens. */
  private past(prompts: readonly PromptToRead[], rows: number, room: number) {
    const { kvHeads, headDim } = this.weights.config;
    const layers = this.keysAndValues(rows, room);
    const lengths = new Int32Array(rows);
    prompts.forEach(({ prefix }, row) => {
      if (prefix === undefined) return;
      const { known, length } = prefix;
      lengths[row] = length;
      layers.forEach((layer, l) => {
        for (const part of ['key', 'value'] as const)
          for (let head = 0; head < kvHeads; head++) {
            const from = head * known.tokens.length * headDim;
            const values = known.layers[l][part].subarray(from, from + length * headDim);
            (layer[part].data as Float32Array).set(values, (row * kvHeads + head) * room * headDim);
          }
      });
    });
    return { layers, length: intArray(lengths, [rows]) };
  }
}
