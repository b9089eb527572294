/** What `npm run parity` checks: rows of its table, each some tests of a file that `npm test` runs as well. */
import { readFileSync } from 'node:fs';

/** One row. */
export interface Check {
  name: string;
  /** Where the expected figures come from. */
  against: string;
  file: string;
  /** Matches the full names of the row's tests (suites first, separated by ' > '). Default: all of the file. */
  tests?: RegExp;
}

/** The libraries that made a fixture of the objectives, with their versions. */
function madeWith(fixture: string): Record<string, string> {
  const url = new URL(`../src/objectives/fixtures/${fixture}.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { madeWith: Record<string, string> }).madeWith;
}

const { torch, transformers, peft } = madeWith('golden');
const PYTORCH = `PyTorch ${torch.split('+')[0]}`;
const TRANSFORMERS = `transformers ${transformers}`;
const PEFT = `PEFT ${peft}`;
const TRL = `TRL ${madeWith('trl').trl}`;
const golden = 'src/objectives/golden.parity.test.ts';
const sampling = 'src/engine/onnx/sampling.parity.test.ts';
const decoding = 'src/engine/onnx/decoding.parity.test.ts';

/** Loss and gradients of an objective, through a whole model. */
function goldenOf(objective: string): Check[] {
  const of = (part: string): Check => ({
    name: `${objective}: ${part}`,
    against: `${PYTORCH} in float64`,
    file: golden,
    tests: new RegExp(`^${objective} of a whole model.* > ${part}`),
  });
  return [of('loss'), of('gradients of every parameter')];
}

export const CHECKS: readonly Check[] = [
  {
    name: 'operations: values, gradients, second-order gradients',
    against: PYTORCH,
    file: 'src/tensor/pytorch.test.ts',
  },
  {
    name: 'transformer: logits, log-probabilities, entropy, loss',
    against: TRANSFORMERS,
    file: 'src/nn/transformer.test.ts',
    tests: /against transformers/,
  },
  {
    name: 'transformer: gradients',
    against: TRANSFORMERS,
    file: 'src/nn/transformer.test.ts',
    tests: /transformers' gradients/,
  },
  {
    name: 'engine: scored log-probabilities and entropy',
    against: TRANSFORMERS,
    file: 'src/engine/onnx/scorer.test.ts',
    tests: /transformers' log-probabilities/,
  },
  ...['cross-entropy', 'reinforce', 'ppo-clip', 'grpo', 'cispo'].flatMap(goldenOf),
  {
    name: 'gradient error, as a multiple of float32 PyTorch',
    against: `${TRANSFORMERS}, ${PEFT}`,
    file: golden,
    tests: /distance of gradients from float64/,
  },
  {
    name: '100 training steps: losses',
    against: `${PYTORCH} in float64`,
    file: golden,
    tests: /^100 training steps.* > the loss/,
  },
  {
    name: '100 training steps: gradient norms',
    against: `${PYTORCH} in float64`,
    file: golden,
    tests: /^100 training steps.* > the gradient's norm/,
  },
  {
    name: 'objectives on given log-probabilities',
    against: PYTORCH,
    file: 'src/objectives/fixtures.test.ts',
    tests: /^direct/,
  },
  {
    name: 'objectives on given log-probabilities',
    against: TRL,
    file: 'src/objectives/fixtures.test.ts',
    tests: /^trl/,
  },
  {
    name: 'advantages and token rewards',
    against: `${PYTORCH}, ${TRL}`,
    file: 'src/objectives/advantages/fixtures.test.ts',
  },
  {
    name: 'objectives: fused gradient = chained through outputs',
    against: 'the other path',
    file: 'src/engine/onnx/parity.test.ts',
  },
  {
    name: 'AdamW: 100 steps, with decay and clipping',
    against: PYTORCH,
    file: 'src/nn/adamw.test.ts',
    tests: /against torch\.optim\.AdamW/,
  },
  {
    name: 'LoRA: logits and loss',
    against: PEFT,
    file: 'src/nn/lora.test.ts',
    tests: /against PEFT > computes the same logits/,
  },
  {
    name: 'LoRA: gradients of A and B',
    against: PEFT,
    file: 'src/nn/lora.test.ts',
    tests: /against PEFT > computes the same gradients/,
  },
  {
    name: 'LoRA: merged weights',
    against: PEFT,
    file: 'src/nn/lora.test.ts',
    tests: /against PEFT > merges/,
  },
  {
    name: 'schedules',
    against: TRANSFORMERS,
    file: 'src/nn/schedules.test.ts',
    tests: /against transformers/,
  },
  {
    name: 'schedules: floors, long runs, warm-up by fraction',
    against: TRANSFORMERS,
    file: 'src/nn/schedules.parity.test.ts',
  },
  {
    name: 'sampling: chi-square of 1e5 draws by the engine',
    against: 'exact softmax',
    file: sampling,
    tests: /draws follow/,
  },
  {
    name: 'sampling: chi-square rejects wrong distributions',
    against: 'negative controls',
    file: sampling,
    tests: /would notice/,
  },
  {
    name: 'sampling: chi-square of the token picker',
    against: 'exact softmax',
    file: 'src/engine/onnx/pick-token.test.ts',
    tests: /chi-square/,
  },
  {
    name: 'cached = uncached decoding: checkpoints',
    against: 'scoring',
    file: 'src/engine/onnx/sampler.test.ts',
    tests: /reports its tokens' log-probabilities|agrees with forward/,
  },
  {
    name: 'cached = uncached decoding: heads, groups, odd lengths',
    against: 'scoring',
    file: decoding,
    tests: /log-probabilities/,
  },
  { name: 'cached = uncached decoding: greedy tokens', against: 'scoring', file: decoding, tests: /greedy/ },
];
