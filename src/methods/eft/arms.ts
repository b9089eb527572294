/** Arms of EFT's reproduction: two scales of models, what they learn, and how they are decoded together. */
import { join } from 'node:path';
import { emulatedEngine, type FrozenEngine } from '../../engine/index.ts';
import type { Arm, ArmContext, ArmResult, BaseSpec } from '../../reproduce/index.ts';
import { loadTokenizer, type Tokenizer } from '../../text/index.ts';
import { type RecipeInput, startingModel } from '../../training/index.ts';
import { type AnswerStyle, factDocuments, factQuestions, type WorldOptions } from './fact-world.ts';
import { divergenceFrom, measureAnswers } from './measure.ts';

const WORLD = { facts: 300, zipf: 1, taught: 200, tested: 150 };
const PRETRAINING = { steps: 700, batchSize: 64 };
export const TUNING = { steps: 120, batchSize: 32, learningRate: 3e-4 };
const SAMPLES = 4;
const MAX_TOKENS = 14;
/** Weights of the delta, and shares of the verbose tuning, that are swept. */
const WEIGHTS = [0, 0.5, 1, 1.5, 2];
const MIXTURES = [0, 0.25, 0.5, 0.75, 1];
export const DRAFT_TOKENS = 4;

type Scale = 'small' | 'large';

const SCALES = {
  small: { hiddenSize: 32, layers: 1, learningRate: 1e-2 },
  large: { hiddenSize: 96, layers: 2, learningRate: 4e-3 },
} as const;

const worldOf = (seed: number): WorldOptions => ({ ...WORLD, seed });
const SAMPLING = { maxTokens: MAX_TOKENS, temperature: 1 };

/** A model that has read the documents of a seed's world. */
export function pretrained(scale: Scale, seed: number): BaseSpec {
  const { hiddenSize, layers, learningRate } = SCALES[scale];
  return {
    family: `facts-${scale}`,
    recipe: {
      name: `facts-${scale}`,
      model: { config: { hiddenSize, layers, heads: 2, maxPositions: 40 } },
      environment: { name: 'fact-documents', ...worldOf(seed) },
      seed,
      sampling: SAMPLING,
      stages: [
        {
          method: 'supervised',
          ...PRETRAINING,
          learningRate,
          schedule: 'cosine',
          warmupSteps: 20,
        },
      ],
      evaluation: { tasks: 1, every: 0 },
      export: 'last',
    },
    environment: () => factDocuments(worldOf(seed)),
  };
}

function tuningRecipe(model: string): RecipeInput {
  return {
    name: 'fact-questions',
    model,
    environment: { name: 'fact-questions' },
    sampling: SAMPLING,
    stages: [{ method: 'supervised', ...TUNING, schedule: 'cosine', warmupSteps: 5 }],
    evaluation: { tasks: 1, every: 0 },
    export: 'last',
    trajectories: 0,
  };
}

/** The models of a seed, read when they are asked for, and disposed of together. */
function modelsOf({ seed, base, folderOf }: ArmContext) {
  const open: FrozenEngine[] = [];
  const known = new Map<string, Promise<FrozenEngine>>();
  const read = async (folder: string) => {
    const { engine } = await startingModel({ model: folder, seed }, []);
    open.push(engine);
    return engine;
  };
  const once = (name: string, folder: () => Promise<string>) => {
    const engine = known.get(name) ?? folder().then(read);
    known.set(name, engine);
    return engine;
  };
  return {
    base: (scale: Scale) => once(`${scale} base`, () => base(pretrained(scale, seed))),
    tuned: (arm: string) => once(arm, async () => join(folderOf(arm), 'run', 'model')),
    tokenizer: async () => await loadTokenizer(await base(pretrained('small', seed))),
    dispose: () => {
      for (const engine of open) engine.dispose();
    },
  };
}

export type Models = ReturnType<typeof modelsOf>;

/** Shares of helpful and factual answers, and how far the large tuned model is from this one. */
async function figuresOf(engine: FrozenEngine, models: Models, context: ArmContext) {
  const { seed, signal } = context;
  const tokenizer = await models.tokenizer();
  const shared = {
    tokenizer,
    environment: factQuestions(worldOf(seed)),
    maxTokens: MAX_TOKENS,
    seed,
    signal,
  };
  const { metrics } = await measureAnswers({ ...shared, engine, samples: SAMPLES });
  const target = await models.tuned('large-tuned');
  const { trajectories } = await measureAnswers({ ...shared, engine: target, samples: 1 });
  return { ...metrics, divergence: await divergenceFrom(trajectories, target, engine) };
}

/** An arm that decodes models which are there already. */
export function decoded(
  title: string,
  needs: readonly string[],
  make: (models: Models, tokenizer: Tokenizer) => Promise<FrozenEngine>,
  budgeted = true,
): Arm {
  return {
    title,
    needs: [...new Set(['large-tuned', ...needs])],
    budgeted,
    settings: { world: WORLD, scales: SCALES, pretraining: PRETRAINING, tuning: TUNING, samples: SAMPLES },
    async run(context): Promise<ArmResult> {
      const models = modelsOf(context);
      try {
        const engine = await make(models, await models.tokenizer());
        const metrics = await figuresOf(engine, models, context);
        const drafted = 'counts' in engine ? (engine.counts as Record<string, number>) : undefined;
        return {
          metrics: {
            ...metrics,
            ...(drafted && drafted.drafted > 0
              ? {
                  tokensPerPass: drafted.tokens / drafted.passes,
                  accepted: drafted.accepted / drafted.drafted,
                }
              : {}),
          },
          spent: TUNING.steps * TUNING.batchSize,
        };
      } finally {
        models.dispose();
      }
    },
  };
}

/** An arm that fine-tunes the pre-trained model of a scale. */
export function tuned(title: string, scale: Scale, style: AnswerStyle = 'brief', budgeted = true): Arm {
  return {
    title,
    budgeted,
    settings: {
      world: WORLD,
      scales: SCALES,
      pretraining: PRETRAINING,
      tuning: TUNING,
      style,
      samples: SAMPLES,
    },
    async run({ seed, signal, train, base }) {
      const environment = factQuestions(worldOf(seed), style);
      const recipe = tuningRecipe(await base(pretrained(scale, seed)));
      const { engine, tokenizer } = await train({ recipe, environment });
      try {
        const shared = { engine, tokenizer, environment, maxTokens: MAX_TOKENS, seed, signal };
        const { metrics } = await measureAnswers({ ...shared, samples: SAMPLES });
        return { metrics, spent: TUNING.steps * TUNING.batchSize };
      } finally {
        engine.dispose();
      }
    },
  };
}

/** EFT over weights of the delta, and between two tunings. */
export const sweeps: Arm = {
  title: 'EFT, large, over weights and mixtures',
  needs: ['small-tuned', 'small-verbose'],
  budgeted: false,
  settings: { world: WORLD, scales: SCALES, weights: WEIGHTS, mixtures: MIXTURES },
  async run(context) {
    const { seed, signal, progress } = context;
    const models = modelsOf(context);
    try {
      const tokenizer = await models.tokenizer();
      const [base, reference] = [await models.base('large'), await models.base('small')];
      const brief = await models.tuned('small-tuned');
      const wordy = await models.tuned('small-verbose');
      const environment = factQuestions(worldOf(seed));
      const shared = { tokenizer, environment, samples: 1, maxTokens: MAX_TOKENS, seed, signal };
      const helpful: number[] = [];
      const factual: number[] = [];
      for (const weight of WEIGHTS) {
        const engine = emulatedEngine({ base, deltas: [{ tuned: brief, reference, weight }], tokenizer });
        const { metrics } = await measureAnswers({ ...shared, engine });
        helpful.push(metrics.helpful);
        factual.push(metrics.factual);
        progress(helpful.length / 10);
      }
      const verbose: number[] = [];
      for (const share of MIXTURES) {
        const deltas = [
          { tuned: brief, reference, weight: 1 - share },
          { tuned: wordy, reference, weight: share },
        ];
        const { metrics } = await measureAnswers({
          ...shared,
          engine: emulatedEngine({ base, deltas, tokenizer }),
        });
        verbose.push(metrics.verbose);
        progress((5 + verbose.length) / 10);
      }
      const rises = verbose.slice(1).filter((x, i) => x > verbose[i]).length;
      return {
        metrics: { rises: rises / (verbose.length - 1) },
        curves: {
          helpful: { x: WEIGHTS, y: helpful },
          factual: { x: WEIGHTS, y: factual },
          verbose: { x: MIXTURES, y: verbose },
        },
      };
    } finally {
      models.dispose();
    }
  },
};

export const upScaled = (draftTokens: number) => async (models: Models, tokenizer: Tokenizer) =>
  emulatedEngine({
    base: await models.base('large'),
    deltas: [{ tuned: await models.tuned('small-tuned'), reference: await models.base('small') }],
    tokenizer,
    draftTokens,
  });

export const downScaled = async (models: Models, tokenizer: Tokenizer) =>
  emulatedEngine({
    base: await models.base('small'),
    deltas: [{ tuned: await models.tuned('large-tuned'), reference: await models.base('large') }],
    tokenizer,
  });

/** The geometric mean of the large base and the small tuned model: the same models without the reference. */
export const averaged = async (models: Models, tokenizer: Tokenizer) => {
  const base = await models.base('large');
  const tuned = await models.tuned('small-tuned');
  return emulatedEngine({ base, deltas: [{ tuned, reference: base, weight: 0.5 }], tokenizer });
};
