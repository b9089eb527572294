/** Word and phoneme error rates of a model on the whole test split. */
import type { FrozenEngine } from '../../src/engine/index.ts';
import {
  closestPronunciation,
  parsePhonemes,
  phonemeErrorRate,
  wordErrorRate,
} from '../../src/environments/index.ts';
import type { Tokenizer } from '../../src/text/index.ts';
import { evaluate } from '../../src/training/index.ts';
import type { Environment } from '../../src/types/index.ts';
import type { Arm } from './arms.ts';

export interface Measurement {
  words: number;
  wordErrorRate: number;
  phonemeErrorRate: number;
  /** For every test word in order, '1' where the model is wrong. */
  wrong: string;
}

/** A finished arm of one seed. */
export interface ArmResult extends Measurement {
  arm: Arm;
  seed: number;
  /** Wall time of the training steps, without evaluation. */
  seconds: number;
  steps: number;
  parameters: number;
  /** Word error rate of one drawn pronunciation a word, temperature 1. */
  sampledWordErrorRate: number;
}

const MAX_TOKENS = 32;

/** `temperature` 0 decodes greedily, as the field does; 1 draws one pronunciation a word from the model's distribution. */
export async function measure(
  engine: FrozenEngine,
  tokenizer: Tokenizer,
  environment: Environment,
  temperature: 0 | 1 = 0,
): Promise<Measurement> {
  const { groups } = await evaluate({
    engine,
    tokenizer,
    environment,
    split: 'test',
    tasks: environment.size('test'),
    sampling: { maxTokens: MAX_TOKENS, temperature },
    seed: 0,
  });
  const results = groups.map(({ task, trajectories }) => ({
    phonemes: parsePhonemes(trajectories[0].completion),
    pronunciations: (task.data as { pronunciations: string[][] }).pronunciations,
  }));
  return {
    words: results.length,
    wordErrorRate: wordErrorRate(results),
    phonemeErrorRate: phonemeErrorRate(results),
    wrong: results.map((result) => (closestPronunciation(result).errors > 0 ? '1' : '0')).join(''),
  };
}
