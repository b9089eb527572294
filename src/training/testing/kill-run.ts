/** What the kill test runs: a recipe with every kind of state, on an engine of either kind. */
import type { Engine } from '../../engine/index.ts';
import { createOnnxEngine } from '../../engine/onnx/index.ts';
import type { RecipeInput } from '../index.ts';
import { toyRecipe } from './fixture.ts';
import { successorTokenizer } from './successor.ts';
import { TabularEngine } from './tabular-engine.ts';

export type ToyEngineKind = 'tabular' | 'onnx';

/** Supervised; GRPO with minibatches, dynamic sampling and a reference; REINFORCE with a running baseline. */
export const killRecipe: RecipeInput = toyRecipe(
  [
    { method: 'supervised', steps: 7, batchSize: 8, learningRate: 0.02, schedule: 'cosine', warmupSteps: 2 },
    {
      method: 'dapo',
      steps: 9,
      promptsPerStep: 4,
      groupSize: 4,
      learningRate: 0.01,
      minibatches: 2,
      kl: { coefficient: 0.02 },
    },
    {
      method: 'reinforce',
      steps: 6,
      promptsPerStep: 4,
      groupSize: 4,
      learningRate: 0.01,
      baseline: 'running',
    },
  ],
  { evaluation: { tasks: 8, every: 4 }, snapshots: { every: 3, keep: 2 } },
);

/** A fresh engine with fixed weights. */
export async function toyEngine(kind: ToyEngineKind): Promise<Engine> {
  const tokenizer = successorTokenizer();
  if (kind === 'tabular') return new TabularEngine({ tokenizer });
  return await createOnnxEngine({
    model: {
      architecture: 'llama',
      vocabSize: tokenizer.vocabSize,
      hiddenSize: 16,
      intermediateSize: 32,
      layers: 1,
      heads: 2,
      kvHeads: 1,
      headDim: 8,
      ropeTheta: 10_000,
      rmsNormEps: 1e-5,
      maxPositions: 64,
      tieEmbeddings: true,
      qkvBias: false,
      outputBias: false,
      qkNorm: false,
      eosIds: [...tokenizer.eosIds],
      padId: tokenizer.padId,
    },
    tokenizer,
    seed: 3,
  });
}
