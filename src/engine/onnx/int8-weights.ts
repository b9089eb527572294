/** One set of weights rounded to 8 bits, made anew when it is wanted after the weights have changed. */
import type { ModelWeights } from '../../nn/index.ts';
import type { BoundRun, NativeTensor, Tree } from '../../tensor/index.ts';
import type { ModelPrograms } from './programs.ts';

/** A quarter of the weights' memory, taken on first use. */
export class Int8Weights {
  private readonly weights: ModelWeights;
  private readonly programs: ModelPrograms;
  private made: { tensors: Tree<NativeTensor>; run: BoundRun } | undefined;
  private stale = true;

  constructor(weights: ModelWeights, programs: ModelPrograms) {
    this.weights = weights;
    this.programs = programs;
  }

  /** What decoding binds; the same memory for good. Throws before the first `refresh`. */
  get tensors(): Tree<NativeTensor> {
    if (!this.made) throw new Error('the weights have not been quantised');
    return this.made.tensors;
  }

  weightsChanged(): void {
    this.stale = true;
  }

  /** Brings the integers up to date. */
  async refresh(): Promise<void> {
    if (!this.stale) return;
    this.made ??= this.make();
    await this.made.run.run();
    this.stale = false;
  }

  private make(): { tensors: Tree<NativeTensor>; run: BoundRun } {
    const program = this.programs.quantise();
    const tensors = program.allocateOutputs();
    const inputs = { parameters: this.weights.tensors } as Tree<NativeTensor>;
    return { tensors, run: program.bind(inputs, tensors) };
  }
}
