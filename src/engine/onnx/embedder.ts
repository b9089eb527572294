/** Vectors of texts: the mean of a decoder's final hidden states over a text's tokens. */
import { forwardHidden, type ModelWeights } from '../../nn/index.ts';
import {
  compile,
  type Device,
  mul,
  NativeTensor,
  type Program,
  reshape,
  type Spec,
  spec,
  sum,
  type Tensor,
  type Tree,
} from '../../tensor/index.ts';
import { checkSequences } from './checks.ts';
import { Recent } from './recent.ts';

/** Lengths of rows are multiples of this, so that few shapes are compiled. */
const LENGTH_STEP = 32;
/** Tokens of a run. */
const RUN_TOKENS = 2048;
const MOST_PROGRAMS = 16;

/** Embeds with one set of weights, which it does not own. */
export class Embedder {
  private readonly weights: ModelWeights;
  private readonly device: Device | undefined;
  private readonly programs = new Recent<Program>(MOST_PROGRAMS, (program) => program.dispose());

  constructor(weights: ModelWeights, device?: Device) {
    this.weights = weights;
    this.device = device;
  }

  /**
   * The mean over all tokens of the hidden states after the last norm, hiddenSize numbers a sequence; not normalised, and the
   * same whatever else is embedded with it up to rounding. Throws an Error where a sequence is empty, longer than the model's
   * context, or has foreign tokens.
   */
  async embed(sequences: readonly (readonly number[])[]): Promise<Float32Array[]> {
    const { config, tensors } = this.weights;
    checkSequences('sequences', sequences, 1, config.maxPositions, config.vocabSize);
    const vectors = new Array<Float32Array>(sequences.length);
    const byLength = sequences.map((_, i) => i).sort((a, b) => sequences[a].length - sequences[b].length);
    for (let from = 0; from < byLength.length; ) {
      const { rows, length } = runShape(
        byLength.length - from,
        (at) => sequences[byLength[from + at]].length,
      );
      const run = byLength.slice(from, from + rows);
      from += run.length;
      const program = this.program(rows, length);
      const ids = NativeTensor.zeros('i32', [rows, length]);
      const share = NativeTensor.zeros('f32', [rows, length]);
      run.forEach((sequence, row) => {
        const tokens = sequences[sequence];
        (ids.data as Int32Array).set(tokens, row * length);
        (share.data as Float32Array).fill(1 / tokens.length, row * length, row * length + tokens.length);
      });
      const outputs = program.allocateOutputs() as { mean: NativeTensor };
      const bound = program.bind({ ids, share, parameters: tensors } as Tree<NativeTensor>, outputs);
      await bound.run();
      bound.dispose();
      const width = config.hiddenSize;
      const means = outputs.mean.data as Float32Array;
      run.forEach((sequence, row) => {
        vectors[sequence] = means.slice(row * width, (row + 1) * width);
      });
    }
    return vectors;
  }

  /** Lets go of what is compiled. */
  dispose(): void {
    this.programs.clear();
  }

  /** Inputs: parameters, ids [R, T], share [R, T] = how much a token counts. Outputs: mean [R, hiddenSize]. */
  private program(rows: number, length: number): Program {
    return this.programs.get(`${rows}x${length}`, () => {
      const { config, lora, tensors } = this.weights;
      const specs = {
        parameters: Object.fromEntries(
          Object.entries(tensors).map(([name, { shape }]) => [name, spec('f32', shape)]),
        ),
        ids: spec('i32', [rows, length]),
        share: spec('f32', [rows, length]),
      };
      type Inputs = { parameters: Record<string, Tensor>; ids: Tensor; share: Tensor };
      return compile(
        ({ parameters, ids, share }: Inputs) => {
          const hidden = forwardHidden({ config, lora, parameters }, ids);
          return { mean: sum(mul(hidden, reshape(share, [rows, length, 1])), 1) } as Tree<Tensor>;
        },
        specs as unknown as Tree<Spec>,
        { device: this.device },
      );
    });
  }
}

/** Rows of a run, a power of two, and their length; `lengthOf` gives the lengths of what is left, shortest first. */
function runShape(left: number, lengthOf: (at: number) => number): { rows: number; length: number } {
  const rounded = (at: number) => Math.ceil(lengthOf(Math.min(at, left) - 1) / LENGTH_STEP) * LENGTH_STEP;
  let rows = 1;
  while (rows < left && 2 * rows * rounded(2 * rows) <= RUN_TOKENS) rows *= 2;
  return { rows, length: rounded(rows) };
}
