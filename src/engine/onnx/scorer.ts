/** Scores given tokens with one set of weights. */
import type { ModelWeights } from '../../nn/index.ts';
import { NativeTensor, type Tree } from '../../tensor/index.ts';
import type { ForwardOutput, Want } from '../engine.ts';
import { batchRows } from './batching.ts';
import { checkCandidates, checkSequences } from './checks.ts';
import { fillRows, readRows } from './padded.ts';
import type { ModelPrograms } from './programs.ts';

/** See `FrozenEngine.forward`. */
export async function scoreSequences(
  weights: ModelWeights,
  programs: ModelPrograms,
  sequences: readonly (readonly number[])[],
  want: Want,
  maxTokens: number,
): Promise<ForwardOutput> {
  const { config } = weights;
  checkSequences('sequences', sequences, 1, config.maxPositions, config.vocabSize);
  if (want.values && !weights.valueHead) throw new Error('want.values: this model has no value head');
  if (want.candidates)
    checkCandidates('want.candidates', want.candidates.ids, want.candidates.k, sequences, config.vocabSize);
  const lengths = sequences.map((tokens) => tokens.length);
  const k = want.candidates?.k ?? 0;
  const make = () => new Array<Float32Array>(sequences.length);
  const result: ForwardOutput = {
    logprobs: make(),
    ...(want.entropy ? { entropy: make() } : {}),
    ...(want.values ? { values: make() } : {}),
    ...(k > 0 ? { candidates: make() } : {}),
    ...(want.lastHidden ? { lastHidden: make() } : {}),
  };
  for (const part of batchRows(lengths, maxTokens)) {
    const program = programs.score(want, part.rows, part.length);
    const ids = NativeTensor.zeros('i32', [part.rows, part.length]);
    fillRows(ids, part, sequences);
    const inputs: Record<string, NativeTensor> = { ids };
    if (want.candidates) {
      inputs.candidates = NativeTensor.zeros('i32', [part.rows, part.length, k]);
      fillRows(inputs.candidates, part, want.candidates.ids, k);
    }
    if (want.lastHidden) {
      inputs.last = NativeTensor.zeros('i32', [part.rows]);
      (inputs.last.data as Int32Array).set(part.indices.map((i) => lengths[i] - 1));
    }
    const outputs = program.allocateOutputs() as Record<string, NativeTensor>;
    const run = program.bind({ ...inputs, parameters: weights.tensors } as Tree<NativeTensor>, outputs);
    await run.run();
    run.dispose();
    readRows(outputs.logprobs, part, lengths, result.logprobs);
    if (result.entropy) readRows(outputs.entropy, part, lengths, result.entropy);
    if (result.values) readRows(outputs.values, part, lengths, result.values);
    if (result.candidates) readRows(outputs.candidates, part, lengths, result.candidates, k);
    if (result.lastHidden) {
      const width = config.hiddenSize;
      const hidden = outputs.lastHidden.data as Float32Array;
      for (const [row, index] of part.indices.entries())
        result.lastHidden[index] = hidden.slice(row * width, (row + 1) * width);
    }
  }
  return result;
}
