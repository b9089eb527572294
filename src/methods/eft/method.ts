/** EFT as a method: a model imitates itself decoded together with what fine-tuning changed in another, smaller one. */
import { z } from 'zod';
import { emulatedEngine } from '../../engine/index.ts';
import { rolloutGroups } from '../../rollout/index.ts';
import { defineMethod, type MethodContext } from '../../training/index.ts';
import { imitationUpdates } from '../shared/imitation.ts';
import { rolloutOptions, updateOptions } from '../shared/options.ts';

const { promptsPerStep, groupSize, temperature, maxTokens } = rolloutOptions;

export const eftConfig = z.strictObject({
  /** The tuned model, and the very model that it was tuned from: folders, with the tokens of the model that is trained. */
  tuned: z.string().min(1),
  reference: z.string().min(1),
  /** How much of the tuning is added: 1 emulates, above 1 amplifies. */
  weight: z.number().default(1),
  /** Only tokens that the tuned model finds likely are changed; 1 is all of them. */
  topP: z.number().gt(0).max(1).default(1),
  /** Tokens that the tuned model drafts for each pass of the model that is trained; 0: one token a pass. */
  draftTokens: z.int().min(0).default(0),
  promptsPerStep,
  /** Completions a task. */
  groupSize: groupSize.unwrap().default(1),
  temperature,
  maxTokens,
  /** Completions that the grader gives less are left out; absent: all are imitated, and the grader only reports. */
  keepAbove: z.number().min(0).max(1).optional(),
  aggregation: updateOptions.aggregation.unwrap().default('token-mean'),
});

function modelsOf({ models = {}, reference: base }: MethodContext) {
  const { tuned, reference } = models;
  if (base === undefined || tuned === undefined || reference === undefined)
    throw new Error('eft: expected the weights of the start of the stage and the models tuned and reference');
  return { base, tuned, reference };
}

/**
 * Each step the model's starting weights are up-scaled: decoded with the delta tuned - reference, they answer the step's
 * tasks, and the model learns these answers by likelihood, which minimises KL(emulated || model). What comes out is one
 * model, tuned as the small one was without any label or grader of its own.
 */
export const eft = defineMethod({
  name: 'eft',
  title: 'Emulated fine-tuning, distilled into one model',
  paper: {
    title: 'An Emulator for Fine-Tuning Large Language Models using Small Language Models',
    year: 2023,
    source: 'arXiv 2310.12962',
  },
  config: eftConfig,
  modelKeys: ['tuned', 'reference'],
  needs: ({ tuned, reference }) => ({ reference: true, models: { tuned, reference } }),
  create(config, context) {
    const { environment, tokenizer, curriculum, seed, stage } = context;
    const { weight, topP, draftTokens, keepAbove, aggregation } = config;
    const { base, tuned, reference } = modelsOf(context);
    const deltas = [{ tuned, reference, weight }];
    const engine = emulatedEngine({ base, deltas, tokenizer, topP, draftTokens });
    const { temperature = context.sampling.temperature, maxTokens = context.sampling.maxTokens } = config;
    return {
      // The emulated model is made of the weights at the start of the stage.
      maxStaleness: Number.POSITIVE_INFINITY,
      async step({ step, signal, onTokens, onTime }) {
        const before = { ...engine.counts };
        const groups = await rolloutGroups({
          engine,
          tokenizer,
          tasks: curriculum
            .next(config.promptsPerStep, step)
            .map((index) => environment.task('train', index)),
          groupSize: config.groupSize,
          sampling: { ...context.sampling, temperature, maxTokens },
          grader: environment.grader,
          seed,
          path: ['emulated', stage, step],
          signal,
          onTokens,
          onTime,
        });
        const chosen = groups
          .flatMap(({ trajectories }) => trajectories)
          .filter(
            ({ grade }) => keepAbove === undefined || (grade.status === 'graded' && grade.score >= keepAbove),
          )
          .map(({ tokens, promptLength }) => ({ tokens, promptLength, truncated: false }));
        const batchSize = Math.max(1, chosen.length);
        const { passes, tokens } = engine.counts;
        return {
          updates: imitationUpdates(chosen, { aggregation, batchSize, updateEpochs: 1 }, [
            seed,
            'emulated order',
            stage,
            step,
          ]),
          groups,
          metrics: {
            'examples.kept': chosen.length,
            'tokens.perPass': (tokens - before.tokens) / (passes - before.passes),
          },
        };
      },
      state: () => null,
      restore: () => undefined,
    };
  },
});
