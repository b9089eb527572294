/** Chains of operations whose worked answers are a mixture of formats: a pre-training corpus with known parts. */
import { generatedEnvironment } from '../../environments/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Environment } from '../../types/index.ts';
import {
  type Chain,
  type ChainData,
  chainGrader,
  FORMAT_NAMES,
  type FormatName,
  resultOf,
  writeAnswer,
  writeChain,
} from './formats.ts';

export interface ChainsOptions {
  /** Least and most operations of a chain. */
  steps: readonly [number, number];
  /** How often the part of the corpus in each format is repeated: whole numbers. */
  repeats: Readonly<Record<FormatName, number>>;
  /** Chance that an answer of the corpus has a slip: one digit of it is another one. */
  slips: Readonly<Record<FormatName, number>>;
  seed: number;
  validationSize: number;
  testSize: number;
}

const SYMBOLS = [...'0123456789+-*=;a<>()'];
const OPERATORS = ['+', '-', '*'] as const;

/** The text with one digit, drawn evenly, replaced by another. */
function withSlip(text: string, random: Rng): string {
  const at = random.choice([...text.matchAll(/\d/g)].map(({ index }) => index));
  return text.slice(0, at) + ((Number(text[at]) + 1 + random.int(9)) % 10) + text.slice(at + 1);
}

/**
 * Prompt `3+4*2=`, from the left and modulo 10. Worked answers, for imitation, are in formats drawn in proportion to their
 * repeats, with slips at each format's rate; scores are of the true result.
 */
export function formatChains(options: ChainsOptions): Environment<ChainData> {
  const { steps, repeats, slips, seed, validationSize, testSize } = options;
  const corpus = FORMAT_NAMES.flatMap((name) => new Array<FormatName>(repeats[name]).fill(name));
  return generatedEnvironment<Chain, ChainData>({
    name: 'format-chains',
    seed,
    validationSize,
    testSize,
    draw(random) {
      const n = steps[0] + random.int(steps[1] - steps[0] + 1);
      const step = () => ({ operator: random.choice(OPERATORS), value: random.int(10) });
      return { first: random.int(10), steps: Array.from({ length: n }, step) };
    },
    keyOf: writeChain,
    build(chain, random) {
      const format = random.choice(corpus);
      const written = writeAnswer(chain, format);
      const completion = random.uniform() < slips[format] ? withSlip(written, random) : written;
      return {
        prompt: `${writeChain(chain)}=`,
        data: { answer: String(resultOf(chain)) },
        completion,
        metadata: { steps: chain.steps.length, format },
      };
    },
    grader: chainGrader,
    symbols: SYMBOLS,
  });
}
