/** The four programs of a model (learn, score, prefill, decode), compiled once a shape and shared by its copies. */
import {
  decodeHidden,
  extendHidden,
  forwardHidden,
  headLogits,
  type Int8Weight,
  int8Products,
  type LayerCache,
  type LayerKeys,
  type LoraConfig,
  linearLayers,
  type Model,
  type ModelConfig,
  type Parameters,
  type Past,
  quantiseWeights,
} from '../../nn/index.ts';
import {
  add,
  type CompileOptions,
  compile,
  type Device,
  gather,
  grad,
  logSoftmax,
  mul,
  type NativeTensor,
  type Program,
  pad,
  reshape,
  type SessionOptions,
  type Spec,
  softmax,
  spec,
  type Tensor,
  type Tree,
} from '../../tensor/index.ts';
import type { Want } from '../engine.ts';
import type { Objective } from '../objective.ts';
import type { RunShape } from './packing.ts';
import { Recent } from './recent.ts';
import { scoreTokens } from './scores.ts';

/** What identifies a family of programs: the model's shape, not its weights. */
export interface ModelShape {
  config: ModelConfig;
  lora?: LoraConfig;
  /** Shape of every parameter by name. */
  parameters: Readonly<Record<string, readonly number[]>>;
  /** Names of the parameters that get gradients. */
  trainable: readonly string[];
  /** Gradients are computed from blocks' inputs alone; see `EngineLimits`. */
  recompute?: boolean;
  /** Where programs run; `cpu` unless given. */
  device?: Device;
  /** Beginning of the paths of files, one a program, that say what its operators took; see `profilePath` of sessions. */
  profile?: string;
}

/** How many threads compute a run of a program: the one that calls it, or all that the process has. */
export type Threads = 'one' | 'all';

type TensorRecord = Record<string, Tensor>;
type Tensors = Readonly<Record<string, NativeTensor>>;

/** Inputs that say which token lies where in packed rows. */
function tokenSpecs({ rows, length, shared, prefixes }: RunShape): Record<string, Spec> {
  const ids = spec('i32', [rows, length]);
  return {
    ids,
    ...(shared ? { positions: spec('i64', [rows, length]), segments: ids } : {}),
    ...(prefixes ? { parents: ids } : {}),
  };
}

/** Programs that are kept. One that is evicted works on where it is bound. */
const MOST_PROGRAMS = 64;

/** Compiles on demand; programs are kept under the key of their shapes. */
export class ModelPrograms {
  readonly shape: ModelShape;
  private readonly programs = new Recent<Program>(MOST_PROGRAMS, (program) => program.dispose());

  constructor(shape: ModelShape) {
    this.shape = shape;
  }

  /** Number of programs kept. */
  get count(): number {
    return this.programs.size;
  }

  dispose(): void {
    this.programs.clear();
  }

  private get(key: string, threads: Threads, make: (session: SessionOptions) => Program): Program {
    return this.programs.get(`${key} on ${threads}`, () => make(this.session(key, threads)));
  }

  private session(key: string, threads: Threads): SessionOptions {
    const { device, profile } = this.shape;
    const name = `${key} on ${threads}`.replaceAll(/[^\w.]+/g, '-');
    const profilePath = profile && `${profile}${name}`;
    return { device, singleThread: threads === 'one', profilePath };
  }

  private parameterSpecs(
    names: readonly string[] = Object.keys(this.shape.parameters),
  ): Record<string, Spec> {
    return Object.fromEntries(names.map((name) => [name, spec('f32', this.shape.parameters[name])]));
  }

  private model(parameters: Parameters): Model {
    return { config: this.shape.config, lora: this.shape.lora, parameters };
  }

  /** Final hidden states [rows · length, hiddenSize] of packed rows. */
  private hidden(model: Model, { ids, positions, segments, parents }: TensorRecord): Tensor {
    const { recompute } = this.shape;
    const packing = positions ? { positions, segments, parents } : undefined;
    return reshape(forwardHidden(model, ids, { packing, recompute }), [-1, model.config.hiddenSize]);
  }

  /**
   * One fused forward and backward pass over packed rows, N = rows · length tokens, of which M = `scored` are scored.
   * Inputs: parameters; batch {ids, positions?, segments?, parents?, at? [M], next [M], candidates? [M, K], grid [slots, length],
   * mask, weight, share}, see `packed.ts` (without `at`, M = N); data and scalars. The objective sees one sequence a row.
   * Outputs: loss, metrics by name, gradients of the trainable parameters by name. With `further`, gradients are also inputs
   * and are added to; bind them to the same memory.
   */
  learn(objective: Objective, shape: RunShape, scored: number, further: boolean): Program {
    const { rows, length, slots } = shape;
    const key = `learn${further ? ' further' : ''} ${objective.key} ${shapeKey(shape)} ${scored}`;
    return this.get(key, 'all', (session) => {
      const { trainable } = this.shape;
      const token = spec('f32', [slots, length]);
      const { needs } = objective;
      const list = spec('i32', [scored]);
      const specs = {
        parameters: this.parameterSpecs(),
        ...(further ? { gradients: this.parameterSpecs(trainable) } : {}),
        batch: {
          ...tokenSpecs(shape),
          ...(shape.prefixes || scored < rows * length ? { at: list } : {}),
          next: list,
          ...(needs.candidates ? { candidates: spec('i32', [scored, needs.candidates]) } : {}),
          grid: spec('i32', [slots, length]),
          mask: token,
          weight: token,
          share: token,
        },
        data: Object.fromEntries(objective.data.map((name) => [name, token])),
        scalars: Object.fromEntries(objective.scalars.map((name) => [name, spec('f32', [])])),
      };
      type Inputs = {
        parameters: TensorRecord;
        gradients?: TensorRecord;
        batch: TensorRecord;
        data: TensorRecord;
        scalars: TensorRecord;
      };
      return compile(
        ({ parameters, gradients: before, batch, data, scalars }: Inputs) => {
          const model = this.model(parameters);
          const { at, next, candidates, grid, mask, weight, share } = batch;
          const all = this.hidden(model, batch);
          const hidden = at ? gather(all, at) : all;
          const scores = scoreTokens(model, { hidden, next, candidates }, needs);
          // Number 0 of the list in front is 0: what is not scored.
          const onGrid = Object.entries(scores).map(([name, x]) => [name, gather(pad(x, 0, 1, 0), grid)]);
          const inputs = { ...Object.fromEntries(onGrid), mask, weight, share, data, scalars };
          const { loss, metrics } = objective.evaluate(inputs);
          const own = grad(
            loss,
            trainable.map((name) => parameters[name]),
          );
          const gradients = trainable.map((name, i) => [name, before ? add(before[name], own[i]) : own[i]]);
          return { loss, metrics, gradients: Object.fromEntries(gradients) } as Tree<Tensor>;
        },
        specs as unknown as Tree<Spec>,
        session,
      );
    });
  }

  /**
   * Scores given tokens in packed rows, N = rows · length. Inputs: parameters, ids, positions?, segments?, next [N] (the
   * token after each place), candidates? [N, K], last? [slots] (places). Outputs: logprobs [N] and what else is wanted,
   * lastHidden [slots, hiddenSize].
   */
  score(want: Want, shape: RunShape): Program {
    const k = want.candidates?.k ?? 0;
    const { entropy = false, values = false, likeliest = false, lastHidden = false } = want;
    const key = `score ${entropy} ${values} ${likeliest} ${k} ${lastHidden}`;
    const { rows, length, slots } = shape;
    return this.get(`${key} ${shapeKey(shape)}`, 'all', (session) => {
      const specs = {
        parameters: this.parameterSpecs(),
        ...tokenSpecs(shape),
        next: spec('i32', [rows * length]),
        ...(k ? { candidates: spec('i32', [rows * length, k]) } : {}),
        ...(want.lastHidden ? { last: spec('i32', [slots]) } : {}),
      };
      type Inputs = { parameters: TensorRecord } & TensorRecord;
      return compile(
        ({ parameters, ...inputs }: Inputs) => {
          const model = this.model(parameters as unknown as TensorRecord);
          const { next, candidates, last } = inputs as TensorRecord;
          const hidden = this.hidden(model, inputs as TensorRecord);
          const scores = scoreTokens(model, { hidden, next, candidates }, want);
          return { ...scores, ...(last ? { lastHidden: gather(hidden, last) } : {}) } as Tree<Tensor>;
        },
        specs as unknown as Tree<Spec>,
        session,
      );
    });
  }

  /**
   * Reads prompts. Inputs: parameters, ids [P, S], last [P] = index of each prompt's last token, sharpness [P].
   * Outputs: `NextToken` after the last token, [P, V]; keys and values of every layer, [P, kvHeads, S, D].
   */
  prefill(rows: number, length: number, threads: Threads): Program {
    return this.get(`prefill ${rows}x${length}`, threads, (session) => {
      const specs = {
        parameters: this.parameterSpecs(),
        ids: spec('i32', [rows, length]),
        last: spec('i32', [rows]),
        sharpness: spec('f32', [rows]),
      };
      type Inputs = { parameters: TensorRecord; ids: Tensor; last: Tensor; sharpness: Tensor };
      return compile(
        ({ parameters, ids, last, sharpness }: Inputs) => {
          const model = this.model(parameters);
          const layers: LayerKeys[] = [];
          const hidden = forwardHidden(model, ids, { last, onLayer: (keys) => layers.push(keys) });
          return {
            next: nextToken(model, hidden, sharpness),
            layers: layers.map((x) => ({ ...x })),
          };
        },
        specs as unknown as Tree<Spec>,
        session,
      );
    });
  }

  /**
   * Reads what follows known tokens. Inputs: parameters, ids [P, S], last [P] = index of each row's last token, sharpness [P],
   * past.layers: keys and values of the known tokens [P, kvHeads, room, D] of every layer, past.length [P]: how many there are.
   * Outputs: as of `prefill`, of the tokens that are read.
   */
  extend(rows: number, length: number, room: number, threads: Threads): Program {
    return this.get(`extend ${rows}x${length} after ${room}`, threads, (session) => {
      const { layers, kvHeads, headDim } = this.shape.config;
      const known = spec('f32', [rows, kvHeads, room, headDim]);
      const specs = {
        parameters: this.parameterSpecs(),
        ids: spec('i32', [rows, length]),
        last: spec('i32', [rows]),
        sharpness: spec('f32', [rows]),
        past: {
          layers: Array.from({ length: layers }, () => ({ key: known, value: known })),
          length: spec('i32', [rows]),
        },
      };
      type Inputs = { parameters: TensorRecord; ids: Tensor; last: Tensor; sharpness: Tensor; past: Past };
      return compile(
        ({ parameters, ids, last, sharpness, past }: Inputs & Record<string, never>) => {
          const model = this.model(parameters);
          const { hidden, layers: read } = extendHidden(model, ids, last, past);
          return { next: nextToken(model, hidden, sharpness), layers: read.map((x) => ({ ...x })) };
        },
        specs as unknown as Tree<Spec>,
        session,
      );
    });
  }

  /**
   * One more token for every row. Inputs: parameters, ids [R], position [R], sharpness [R], cache of every layer
   * [R, kvHeads, capacity, D]; with precision int8, also what `quantise` makes. Outputs: `NextToken`, [R, V], and the
   * caches, to be bound to the same memory.
   */
  decode(rows: number, capacity: number, precision: SamplingPrecision, threads: Threads): Program {
    return this.get(`decode ${rows}x${capacity} ${precision}`, threads, (session) =>
      this.compileDecode(rows, capacity, precision, session),
    );
  }

  /**
   * `decode` in float32 with `parameters` packed into the program: it does not take them as inputs, and is the caller's to
   * dispose of.
   */
  packedDecode(rows: number, capacity: number, threads: Threads, parameters: Tensors): Program {
    const constants = Object.fromEntries(
      Object.entries(parameters).map(([name, values]) => [`parameters.${name}`, values]),
    );
    const session = this.session(`packed decode ${rows}x${capacity}`, threads);
    return this.compileDecode(rows, capacity, 'float32', { ...session, constants });
  }

  private compileDecode(
    rows: number,
    capacity: number,
    precision: SamplingPrecision,
    options: CompileOptions,
  ): Program {
    const { config } = this.shape;
    const { layers, kvHeads, headDim } = config;
    const cacheSpec = spec('f32', [rows, kvHeads, capacity, headDim]);
    const specs = {
      parameters: this.parameterSpecs(),
      ...(precision === 'int8' ? { int8: int8Specs(config) } : {}),
      ids: spec('i32', [rows]),
      position: spec('i32', [rows]),
      sharpness: spec('f32', [rows]),
      cache: Array.from({ length: layers }, () => ({ key: cacheSpec, value: cacheSpec })),
    };
    type Inputs = {
      parameters: TensorRecord;
      int8?: Record<string, Int8Weight>;
      ids: Tensor;
      position: Tensor;
      sharpness: Tensor;
      cache: LayerCache[];
    };
    return compile(
      ({ parameters, int8, ids, cache, position, sharpness }: Inputs & Record<string, never>) => {
        const model = { ...this.model(parameters), product: int8 && int8Products(int8) };
        const step = decodeHidden(model, ids, cache, position);
        return { next: nextToken(model, step.hidden, sharpness), cache: step.cache.map((x) => ({ ...x })) };
      },
      specs as unknown as Tree<Spec>,
      options,
    );
  }

  /** Rounds weights to 8 bits. Inputs: parameters. Outputs: an `Int8Weight` a linear layer, by name. */
  quantise(): Program {
    return this.get('quantise', 'all', (session) =>
      compile(
        ({ parameters }: { parameters: TensorRecord }) =>
          quantiseWeights(this.model(parameters)) as unknown as Tree<Tensor>,
        { parameters: this.parameterSpecs() } as unknown as Tree<Spec>,
        session,
      ),
    );
  }
}

/** What decoding multiplies with: the weights as they are, or rounded to 8 bits. */
export type SamplingPrecision = 'float32' | 'int8';

/** Types of what `quantise` makes. */
function int8Specs(config: ModelConfig): Record<string, { weight: Spec; scale: Spec }> {
  return Object.fromEntries(
    linearLayers(config).map(({ layer, shape: [out, width] }) => [
      layer,
      { weight: spec('i8', [width, out]), scale: spec('f32', [out]) },
    ]),
  );
}

/** What the next token is drawn from, a row for each of R hidden states: [R, vocabSize] each; sharpness is [R]. */
type NextToken = {
  /** Log-probabilities (nats) under the unmodified softmax. */
  logprobs: Tensor;
  /** Probabilities at temperature 1 / sharpness. */
  weights: Tensor;
};

function nextToken(model: Model, hidden: Tensor, sharpness: Tensor): NextToken {
  const logprobs = logSoftmax(headLogits(model, hidden));
  return { logprobs, weights: softmax(mul(logprobs, reshape(sharpness, [-1, 1]))) };
}

/** Distinguishes programs of different shapes. */
export function shapeKey({ rows, length, slots, shared, prefixes }: RunShape): string {
  return `${rows}x${length}${shared ? ` for ${slots}` : ''}${prefixes ? ' with prefixes' : ''}`;
}
