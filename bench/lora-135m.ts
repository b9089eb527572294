/**
 * `npx tsx bench/lora-135m.ts`: trains a 135 M-parameter Llama (the shape of SmolLM-135M, freshly initialised) with LoRA,
 * supervised and with group-relative policy gradients, and prints step times and the process's peak memory.
 */
import { Command } from 'commander';
import { createOnnxEngine, type TrainingBatch } from '../src/engine/index.ts';
import type { ModelConfig } from '../src/nn/index.ts';
import { crossEntropy, groupAdvantages, grpo, lossWeights } from '../src/objectives/index.ts';
import { rng } from '../src/random/index.ts';
import { symbolTokenizer } from '../src/text/index.ts';

const SMOLLM: ModelConfig = {
  architecture: 'llama',
  vocabSize: 49_152,
  hiddenSize: 576,
  intermediateSize: 1536,
  layers: 30,
  heads: 9,
  kvHeads: 3,
  headDim: 64,
  ropeTheta: 10_000,
  rmsNormEps: 1e-5,
  maxPositions: 2048,
  tieEmbeddings: true,
  qkvBias: false,
  outputBias: false,
  qkNorm: false,
  eosIds: [1],
};

const TARGETS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

const command = new Command('lora-135m')
  .option('--rows <n>', 'sequences of a supervised step', '4')
  .option('--length <n>', 'tokens of a sequence', '512')
  .option('--steps <n>', 'steps of each kind', '2')
  .option('--recompute', "compute blocks' activations anew in the backward pass")
  .option('--rank <n>', 'rank of the adapters, which sit on every linear layer', '16')
  .parse();
const options = command.opts<
  Record<'rows' | 'length' | 'steps' | 'rank', string> & { recompute?: boolean }
>();
const [rows, length, steps, rank] = [options.rows, options.length, options.steps, options.rank].map(Number);

/** Peak resident memory of the process so far, in megabytes. */
const peak = () => `${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB peak`;

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const result = await work();
  console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(2)} s, ${peak()}`);
  return result;
}

/** A batch of `count` sequences of random tokens; the loss looks at all but the first `prompt` of each. */
function randomBatch(step: number, count: number, prompt: number): TrainingBatch {
  const draws = rng(1, 'bench', step);
  const sequences = Array.from({ length: count }, () =>
    Array.from({ length }, () => 2 + draws.int(SMOLLM.vocabSize - 2)),
  );
  const mask = sequences.map((tokens) => tokens.map((_, t) => (t >= prompt ? 1 : 0)));
  return { sequences, mask, weight: lossWeights(mask, 'token-mean'), data: {} };
}

console.log(`process before the model: ${peak()}`);
const engine = await timed('fresh model', () =>
  createOnnxEngine({
    model: SMOLLM,
    tokenizer: symbolTokenizer([...'0123456789']),
    seed: 1,
    lora: { rank, alpha: 2 * rank, targets: [...TARGETS] },
    recompute: options.recompute ?? false,
  }),
);
const optimiser = { learningRate: 1e-4, maxGradNorm: 1 };

for (let step = 0; step < steps; step++)
  await timed(`supervised step ${step + 1}, ${rows}x${length} tokens`, async () => {
    const { loss } = await engine.forwardBackward(randomBatch(step, rows, 1), crossEntropy());
    await engine.optimStep(optimiser);
    console.log(`  loss ${loss.toFixed(4)}`);
  });

const reference = await timed('frozen copy, as reference', async () => engine.fork());
const [prompts, group, maxTokens] = [2, 4, 48];
for (let step = 0; step < steps; step++)
  await timed(`GRPO step ${step + 1}, ${prompts}x${group} completions of ${maxTokens} tokens`, async () => {
    const { sequences } = randomBatch(1000 + step, prompts, 1);
    const asked = sequences.map((tokens, i) => ({ prompt: tokens.slice(0, 64), n: group, seed: step + i }));
    const samples = await timed('  sampling', () => engine.sample(asked, { maxTokens, stopTokens: [] }));
    const full = samples.flatMap((row, i) => row.map((one) => [...asked[i].prompt, ...one.tokens]));
    const scored = await timed('  reference scores', () => reference.forward(full));
    const mask = full.map((tokens, i) =>
      tokens.map((_, t) => (t < asked[Math.floor(i / group)].prompt.length ? 0 : 1)),
    );
    const rewards = samples.map((row) => row.map(({ tokens }) => tokens.filter((id) => id % 2 === 0).length));
    const advantages = rewards.flatMap((row) => groupAdvantages(row));
    const own = samples.flatMap((row, i) =>
      row.map((one) => [...asked[i].prompt.map(() => 0), ...one.logprobs]),
    );
    const batch = {
      sequences: full,
      mask,
      weight: lossWeights(mask, 'token-mean'),
      data: {
        oldLogprobs: own,
        referenceLogprobs: scored.logprobs,
        advantages: mask.map((row, i) => row.map((m) => m * advantages[i])),
      },
    };
    await timed('  learning', () => engine.forwardBackward(batch, grpo({ kl: { coefficient: 0.01 } })));
    await engine.optimStep(optimiser);
  });
reference.dispose();
engine.dispose();
console.log(peak());
