/** Scores given tokens with one set of weights. */
import type { ModelWeights } from '../../nn/index.ts';
import { NativeTensor, type Tree } from '../../tensor/index.ts';
import type { ForwardOutput, Want } from '../engine.ts';
import { checkCandidates, checkSequences } from './checks.ts';
import { fillScored, fillTokens, readScores } from './packed.ts';
import { type PackingOptions, packSequences } from './packing.ts';
import type { ModelPrograms } from './programs.ts';

/** See `FrozenEngine.forward`. */
export async function scoreSequences(
  weights: ModelWeights,
  programs: ModelPrograms,
  sequences: readonly (readonly number[])[],
  want: Want,
  packing: PackingOptions,
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
    ...(want.likeliest ? { likeliest: make() } : {}),
    ...(k > 0 ? { candidates: make() } : {}),
    ...(want.lastHidden ? { lastHidden: make() } : {}),
  };
  for (const run of packSequences(lengths, packing)) {
    const program = programs.score(want, run);
    const inputs = Object.fromEntries(
      program.inputs
        .filter(({ path }) => !path.startsWith('parameters.'))
        .map(({ path, dtype, shape }) => [path, NativeTensor.zeros(dtype, shape)]),
    );
    fillTokens(inputs, run, sequences);
    fillScored(inputs, run, { sequences, candidates: want.candidates?.ids, width: k });
    run.places.forEach(({ sequence, row, start }, slot) => {
      if (inputs.last) inputs.last.data[slot] = row * run.length + start + lengths[sequence] - 1;
    });
    const outputs = program.allocateOutputs() as Record<string, NativeTensor>;
    const bound = program.bind({ ...inputs, parameters: weights.tensors } as Tree<NativeTensor>, outputs);
    await bound.run();
    bound.dispose();
    readScores(outputs.logprobs, run, sequences, result.logprobs);
    if (result.entropy) readScores(outputs.entropy, run, sequences, result.entropy);
    if (result.values) readScores(outputs.values, run, sequences, result.values);
    if (result.likeliest) readScores(outputs.likeliest, run, sequences, result.likeliest);
    if (result.candidates) readScores(outputs.candidates, run, sequences, result.candidates, k);
    if (result.lastHidden) {
      const width = config.hiddenSize;
      const hidden = outputs.lastHidden.data as Float32Array;
      for (const [slot, { sequence }] of run.places.entries())
        result.lastHidden[sequence] = hidden.slice(slot * width, (slot + 1) * width);
    }
  }
  return result;
}
