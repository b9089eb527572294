/** What MRT's variants have in common: how episodes are marked, and how an answer is forced. */
import { z } from 'zod';
import type { MetaProverOptions } from '../../rollout/index.ts';
import { type EpisodeMarks, REASONING_CUES } from '../../text/index.ts';
import type { MethodContext, StepContext } from '../../training/index.ts';
import { samplingOf } from '../shared/collect.ts';
import type { RolloutConfig } from '../shared/options.ts';

const marks = z.array(z.string().min(1)).optional();

/** Keys of a stage about episodes. */
export const episodeOptions = {
  /** How the thinking is cut into episodes; with none of `after`, `before` and `cues`, by the words of open-ended reasoning. */
  episodes: z
    .strictObject({
      /** An episode ends after each of these. */
      after: marks,
      /** An episode ends before each of these, which opens the next. */
      before: marks,
      /** A paragraph that begins with one of these opens an episode. */
      cues: marks,
      /** A cue is passed over in this many paragraphs after one that opened an episode. */
      gap: z.int().min(0).default(2),
      /** Most episodes a completion; the rest belongs to the last. */
      most: z.int().min(1).default(99),
    })
    .prefault({}),
  /** Thinking ends and the answer begins here: `#` in countdown. */
  answer: z.string().min(1).default('</think>'),
  forced: z
    .strictObject({
      /** Text that makes the model answer at once; the mark of the answer unless given. */
      text: z.string().min(1).optional(),
      /** Forced answers a prefix: the estimate of J has variance J(1 - J) / samples. */
      samples: z.int().min(1).default(4),
      /** Most tokens of a forced answer. */
      maxTokens: z.int().min(1).default(16),
    })
    .prefault({}),
};

export type EpisodeConfig = z.output<z.ZodObject<typeof episodeOptions>>;

/** The marks of a configuration. */
export function marksOf({ episodes, answer }: EpisodeConfig): EpisodeMarks {
  const { after, before, cues, gap, most } = episodes;
  const none = after === undefined && before === undefined && cues === undefined;
  return { after, before, cues: none ? REASONING_CUES : cues, gap, most, answer };
}

/** Token ids of the text that ends the thinking. Throws an Error that names the option where it has none. */
export function forcedTokens({ answer, forced }: EpisodeConfig, context: MethodContext): number[] {
  const key = forced.text === undefined ? 'answer' : 'forced.text';
  const text = forced.text ?? answer;
  try {
    return context.tokenizer.encode(text);
  } catch (error) {
    throw new Error(`mrt: ${key} is ${JSON.stringify(text)}: ${(error as Error).message}`, { cause: error });
  }
}

/** How forced answers are drawn in a step. */
export function proverOptions(
  config: EpisodeConfig & RolloutConfig,
  context: MethodContext,
  step: StepContext,
): MetaProverOptions {
  const { maxTokens, ...sampling } = samplingOf(context, config);
  return {
    engine: context.engine,
    tokenizer: context.tokenizer,
    grader: context.environment.grader,
    sampling,
    forced: forcedTokens(config, context),
    samples: config.forced.samples,
    answerTokens: config.forced.maxTokens,
    maxTokens,
    seed: context.seed,
    path: ['forced', context.stage, step.step],
    signal: step.signal,
    onTime: step.onTime,
  };
}
