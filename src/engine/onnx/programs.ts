/** The four programs of a model (learn, score, prefill, decode), compiled once a shape and shared by its copies. */
import {
  decodeHidden,
  forwardHidden,
  headLogits,
  headValues,
  type LayerCache,
  type LayerKeys,
  type LoraConfig,
  type Model,
  type ModelConfig,
  type Parameters,
} from '../../nn/index.ts';
import {
  add,
  compile,
  constant,
  exp,
  gather,
  grad,
  logSoftmax,
  mul,
  neg,
  type Program,
  pad,
  reshape,
  type Spec,
  slice,
  spec,
  sum,
  type Tensor,
  type Tree,
  takeAlong,
  tokenLogProb,
} from '../../tensor/index.ts';
import type { Want } from '../engine.ts';
import type { Objective } from '../objective.ts';

/** What identifies a family of programs: the model's shape, not its weights. */
export interface ModelShape {
  config: ModelConfig;
  lora?: LoraConfig;
  /** Shape of every parameter by name. */
  parameters: Readonly<Record<string, readonly number[]>>;
  /** Names of the parameters that get gradients. */
  trainable: readonly string[];
}

type TensorRecord = Record<string, Tensor>;

/** What to compute for each token. */
interface Scores {
  logprobs: Tensor;
  entropy?: Tensor;
  values?: Tensor;
  candidates?: Tensor;
  hidden: Tensor;
}

/** Zero in front, so that entry t speaks of token t. */
function aligned(x: Tensor): Tensor {
  return pad(x, 1, 1, 0);
}

/** Everything an objective or a caller may ask about the tokens of ids [B, T]. */
function score(
  model: Model,
  ids: Tensor,
  want: { entropy?: boolean; values?: boolean },
  candidates: Tensor | undefined,
): Scores {
  const [batch, length] = ids.shape;
  const hidden = forwardHidden(model, ids);
  const before = slice(hidden, 1, 0, length - 1);
  const next = slice(ids, 1, 1, length);
  const logits = reshape(headLogits(model, before), [batch * (length - 1), -1]);
  const scores: Scores = {
    hidden,
    logprobs: aligned(reshape(tokenLogProb(logits, reshape(next, [-1])), [batch, length - 1])),
  };
  if (want.entropy || candidates) {
    const all = logSoftmax(logits);
    if (want.entropy)
      scores.entropy = aligned(reshape(neg(sum(mul(exp(all), all), -1)), [batch, length - 1]));
    if (candidates) {
      const k = candidates.shape[2];
      const picked = takeAlong(all, reshape(slice(candidates, 1, 1, length), [batch * (length - 1), k]));
      scores.candidates = aligned(reshape(picked, [batch, length - 1, k]));
    }
  }
  if (want.values) scores.values = aligned(headValues(model, before));
  return scores;
}

/** Compiles on demand; every program is kept under the key of its shapes. */
export class ModelPrograms {
  readonly shape: ModelShape;
  private readonly programs = new Map<string, Program>();

  constructor(shape: ModelShape) {
    this.shape = shape;
  }

  /** Number of programs compiled so far. */
  get count(): number {
    return this.programs.size;
  }

  dispose(): void {
    for (const program of this.programs.values()) program.dispose();
    this.programs.clear();
  }

  private get(key: string, make: () => Program): Program {
    let program = this.programs.get(key);
    if (!program) {
      program = make();
      this.programs.set(key, program);
    }
    return program;
  }

  private parameterSpecs(): Record<string, Spec> {
    return Object.fromEntries(
      Object.entries(this.shape.parameters).map(([name, shape]) => [name, spec('f32', shape)]),
    );
  }

  private model(parameters: Parameters): Model {
    return { config: this.shape.config, lora: this.shape.lora, parameters };
  }

  /**
   * One fused forward and backward pass. Inputs: parameters, batch {ids, mask, weight, share, candidates?}, data,
   * scalars. Outputs: loss, metrics by name, gradients of the trainable parameters by name.
   */
  learn(objective: Objective, rows: number, length: number): Program {
    return this.get(`learn ${objective.key} ${rows}x${length}`, () => {
      const token = spec('f32', [rows, length]);
      const { needs } = objective;
      const specs = {
        parameters: this.parameterSpecs(),
        batch: {
          ids: spec('i32', [rows, length]),
          mask: token,
          weight: token,
          share: token,
          ...(needs.candidates ? { candidates: spec('i32', [rows, length, needs.candidates]) } : {}),
        },
        data: Object.fromEntries(objective.data.map((name) => [name, token])),
        scalars: Object.fromEntries(objective.scalars.map((name) => [name, spec('f32', [])])),
      };
      type Inputs = {
        parameters: TensorRecord;
        batch: TensorRecord;
        data: TensorRecord;
        scalars: TensorRecord;
      };
      return compile(({ parameters, batch, data, scalars }: Inputs) => {
        const scores = score(this.model(parameters), batch.ids, needs, batch.candidates);
        const { mask, weight, share } = batch;
        const { loss, metrics } = objective.evaluate({ ...scores, mask, weight, share, data, scalars });
        const gradients = grad(
          loss,
          this.shape.trainable.map((name) => parameters[name]),
        );
        return {
          loss,
          metrics,
          gradients: Object.fromEntries(this.shape.trainable.map((name, i) => [name, gradients[i]])),
        } as Tree<Tensor>;
      }, specs);
    });
  }

  /** Scores given tokens. Inputs: parameters, ids, candidates?, last? (index of each row's last token). */
  score(want: Want, rows: number, length: number): Program {
    const k = want.candidates?.k ?? 0;
    const key = `score ${want.entropy ?? false} ${want.values ?? false} ${k} ${want.lastHidden ?? false}`;
    return this.get(`${key} ${rows}x${length}`, () => {
      const specs = {
        parameters: this.parameterSpecs(),
        ids: spec('i32', [rows, length]),
        ...(k ? { candidates: spec('i32', [rows, length, k]) } : {}),
        ...(want.lastHidden ? { last: spec('i32', [rows]) } : {}),
      };
      type Inputs = { parameters: TensorRecord; ids: Tensor; candidates?: Tensor; last?: Tensor };
      return compile(
        ({ parameters, ids, candidates, last }: Inputs) => {
          const { hidden, ...scores } = score(this.model(parameters), ids, want, candidates);
          const outputs: TensorRecord = { ...scores } as TensorRecord;
          if (last) outputs.lastHidden = lastRows(hidden, last);
          return outputs as Tree<Tensor>;
        },
        specs as unknown as Tree<Spec>,
      );
    });
  }

  /**
   * Reads prompts. Inputs: parameters, ids [P, S], last [P] = index of each prompt's last token.
   * Outputs: logits [P, V] after the last token; keys and values of every layer, [P, kvHeads, S, D].
   */
  prefill(rows: number, length: number): Program {
    return this.get(`prefill ${rows}x${length}`, () => {
      const specs = {
        parameters: this.parameterSpecs(),
        ids: spec('i32', [rows, length]),
        last: spec('i32', [rows]),
      };
      type Inputs = { parameters: TensorRecord; ids: Tensor; last: Tensor };
      return compile(
        ({ parameters, ids, last }: Inputs) => {
          const model = this.model(parameters);
          const layers: LayerKeys[] = [];
          const hidden = forwardHidden(model, ids, (keys) => layers.push(keys));
          const logits = headLogits(model, lastRows(hidden, last));
          return { logits, layers: layers.map(({ key, value }) => ({ key, value })) };
        },
        specs as unknown as Tree<Spec>,
      );
    });
  }

  /**
   * One more token for every row. Inputs: parameters, ids [R, 1], lastIndex [R], total [], cache of every layer
   * [R, kvHeads, capacity, D]. Outputs: logits [R, V], and the caches, to be bound to the same memory.
   */
  decode(rows: number, capacity: number): Program {
    return this.get(`decode ${rows}x${capacity}`, () => {
      const { layers, kvHeads, headDim } = this.shape.config;
      const cacheSpec = spec('f32', [rows, kvHeads, capacity, headDim]);
      const specs = {
        parameters: this.parameterSpecs(),
        ids: spec('i32', [rows, 1]),
        lastIndex: spec('i32', [rows]),
        total: spec('i32', []),
        cache: Array.from({ length: layers }, () => ({ key: cacheSpec, value: cacheSpec })),
      };
      type Inputs = {
        parameters: TensorRecord;
        ids: Tensor;
        lastIndex: Tensor;
        total: Tensor;
        cache: LayerCache[];
      };
      return compile(
        ({ parameters, ids, cache, lastIndex, total }: Inputs & Record<string, never>) => {
          const model = this.model(parameters);
          const step = decodeHidden(model, ids, cache, lastIndex, total);
          return {
            logits: headLogits(model, step.hidden),
            cache: step.cache.map(({ key, value }) => ({ key, value })),
          };
        },
        specs as unknown as Tree<Spec>,
      );
    });
  }
}

/** Rows hidden[b, last[b]] of hidden [B, T, d]. */
function lastRows(hidden: Tensor, last: Tensor): Tensor {
  const [batch, length, width] = hidden.shape;
  return gather(reshape(hidden, [batch * length, width]), add(last, rowStarts(batch, length)));
}

function rowStarts(batch: number, length: number): Tensor {
  return constant(
    Int32Array.from({ length: batch }, (_, b) => b * length),
    [batch],
  );
}
