/** Decoding programs bound to the first slots of a cache, kept for the next token. */
import type { ModelWeights } from '../../nn/index.ts';
import { type BoundRun, NativeTensor, type Program } from '../../tensor/index.ts';
import { bindRows } from './bind-rows.ts';
import type { KeyValueCache } from './cache.ts';
import { Int8Weights } from './int8-weights.ts';
import { type Share, shareMany } from './lanes.ts';
import { nextTensors, nextTokens } from './next-tensors.ts';
import type { NextTokens } from './pick-token.ts';
import type { ModelPrograms, SamplingPrecision, Threads } from './programs.ts';
import { Recent } from './recent.ts';

/** Bound steps that are kept. */
const MOST_STEPS = 64;

/**
 * A step that was made this often with the same weights gets a program with the weights packed into it. Making that costs as much
 * as some ten steps, and every later step takes 5 to 40 % less time.
 */
const PACK_AFTER = 64;
/** Most bytes of packed weights; models of which not even two copies fit are not packed. */
const PACKED_BYTES = 2 ** 28;
const MOST_PACKED = 16;

/** One token for each of the first rows of a cache. */
export interface DecodeStep {
  ids: Int32Array;
  position: Int32Array;
  sharpness: Float32Array;
  next: NextTokens;
  /** One a lane. */
  runs: BoundRun[];
  /** How often it was asked for. */
  count: number;
}

function disposeStep({ runs }: DecodeStep): void {
  for (const run of runs) run.dispose();
}

/** The steps of one set of weights over one cache. */
export class DecodeSteps {
  private readonly weights: ModelWeights;
  private readonly programs: ModelPrograms;
  private readonly share: Share;
  private readonly int8: Int8Weights;
  /** By rows, capacity and precision. */
  private readonly steps = new Recent<DecodeStep>(MOST_STEPS, disposeStep);
  /** Those with packed weights, by rows and capacity; undefined where weights are not packed. */
  private readonly packed: Recent<DecodeStep> | undefined;

  constructor(weights: ModelWeights, programs: ModelPrograms, pack: boolean, share: Share = shareMany) {
    this.share = share;
    this.weights = weights;
    this.programs = programs;
    this.int8 = new Int8Weights(weights, programs);
    const most = Math.min(MOST_PACKED, Math.floor(PACKED_BYTES / (4 * weights.arena.parameterCount)));
    if (pack && most > 1) this.packed = new Recent(most, disposeStep);
  }

  /** To be called when the weights have changed. */
  weightsChanged(): void {
    this.int8.weightsChanged();
    if (this.packed !== undefined) this.clear();
  }

  /** To be called when the cache is another one. */
  clear(): void {
    this.steps.clear();
    this.packed?.clear();
  }

  /** The step of the first `rows` slots of a cache. */
  async get(cache: KeyValueCache, rows: number, precision: SamplingPrecision): Promise<DecodeStep> {
    if (precision === 'int8') await this.int8.refresh();
    const { packed, programs } = this;
    const { tensors: parameters } = this.weights;
    const shape = `${rows}x${cache.capacity}`;
    const step = this.steps.get(`${shape} ${precision}`, () =>
      this.bind(
        cache,
        rows,
        (own, threads) => programs.decode(own, cache.capacity, precision, threads),
        precision === 'int8' ? { parameters, int8: this.int8.tensors } : { parameters },
      ),
    );
    if (packed === undefined || precision === 'int8' || ++step.count <= PACK_AFTER) return step;
    return packed.get(shape, () => {
      let program: Program | undefined;
      const bound = this.bind(
        cache,
        rows,
        (own, threads) => {
          program = programs.packedDecode(own, cache.capacity, threads, parameters);
          return program;
        },
        {},
      );
      // What is bound keeps what it needs.
      program?.dispose();
      return bound;
    });
  }

  private bind(
    cache: KeyValueCache,
    rows: number,
    program: (rows: number, threads: Threads) => Program,
    whole: Record<string, unknown>,
  ): DecodeStep {
    const ids = NativeTensor.zeros('i32', [rows]);
    const position = NativeTensor.zeros('i32', [rows]);
    const sharpness = NativeTensor.zeros('f32', [rows]);
    const next = nextTensors(this.weights.config, rows);
    const tensors = cache.tensors(rows);
    const inputs = { ids, position, sharpness, cache: tensors };
    return {
      ids: ids.data as Int32Array,
      position: position.data as Int32Array,
      sharpness: sharpness.data as Float32Array,
      next: nextTokens(next),
      runs: bindRows(rows, this.share, program, whole, inputs, { next, cache: tensors }),
      count: 0,
    };
  }
}
