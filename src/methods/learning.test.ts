/** Every method learns the toy task, repeats itself bit for bit, and its presets are what their papers say. */
import { describe, expect, it } from 'vitest';
import { parseRecipe, recipeNeeds } from '../training/index.ts';
import { ToyRun, toyRecipe } from '../training/testing/fixture.ts';
import { methods } from './index.ts';

const stages: Record<string, Record<string, unknown>> = {
  supervised: { steps: 20, batchSize: 16 },
  grpo: {},
  'dr-grpo': {},
  dapo: {},
  gspo: { updateEpochs: 2 },
  cispo: { minibatches: 2 },
  rloo: {},
  reinforce: { baseline: 'running' },
  ppo: { promptsPerStep: 40, groupSize: 2, minibatches: 2 },
  mrt: { answer: '=', alpha: 0.2 },
  'mrt-star': { answer: '=', truncate: false },
  star: { answer: '=' },
  nft: { maxResamples: 1 },
  rft: { maxResamples: 1 },
  bots: { implicitWeight: 0 },
  'rif-rft': { filter: { samples: 64 } },
  truthrl: { abstain: ['00'] },
  'r-tuning': { steps: 20, batchSize: 16, abstain: '00', probes: 1000 },
  otr: { steps: 30, batchSize: 16, candidates: 64 },
  dft: { steps: 30, batchSize: 16 },
  dpo: { steps: 70, batchSize: 16 },
  'online-dpo': {},
  'best-of-n': { dynamicSampling: true },
  rise: { steps: 30, feedback: '={prompt}', groupSize: 2, samples: 8, aggregate: false },
  amft: { imitationSteps: 5 },
};

/** These read other models, or need more than the toy task has: each is tried beside its code. */
const elsewhere = ['eft', 'expert-iteration', 'int', 'self-rewarding-ppo', 'tarot', 'traffic'];

/** These learn from what tasks bring with them. */
const stepsOnly = new Set(['supervised', 'r-tuning', 'otr', 'dft', 'dpo']);

describe('every method', () => {
  it('is tried here', () => {
    expect([...Object.keys(stages), ...elsewhere].sort()).toEqual(Object.keys(methods).sort());
  });

  it.each(Object.entries(stages))('%s learns', async (method, own) => {
    const common = stepsOnly.has(method) ? {} : { steps: 70, promptsPerStep: 10, groupSize: 8 };
    const recipe = toyRecipe([{ method, learningRate: 0.2, ...common, ...own }], { snapshots: { every: 0 } });
    const run = await ToyRun.open({ methods });
    const result = await run.train(recipe);
    await run.close();
    if (result.status !== 'finished') throw new Error('the run did not finish');
    const { before, after } = result.summary;
    expect(before.passAt1.estimate).toBeLessThan(0.2);
    expect(after.passAt1.estimate).toBeGreaterThan(0.6);
  });
});

describe('presets', () => {
  const stageOf = (method: string) =>
    parseRecipe(toyRecipe([{ method, steps: 1 }]), methods).stages[0] as Record<string, unknown>;
  it.each([
    ['grpo', { normalise: 'std', aggregation: 'sequence-mean', clipLow: 0.2, clipHigh: 0.2, ratio: 'token' }],
    ['dr-grpo', { normalise: 'none', aggregation: 'constant-length', clipHigh: 0.2 }],
    ['dapo', { clipHigh: 0.28, dynamicSampling: true, aggregation: 'token-mean', overlong: 'penalty' }],
    ['gspo', { ratio: 'sequence', clipLow: 3e-4, clipHigh: 4e-4, normalise: 'std' }],
    ['cispo', { surrogate: 'cispo', clipLow: 1, aggregation: 'token-mean' }],
    ['rloo', { aggregation: 'sequence-sum' }],
    ['reinforce', { aggregation: 'sequence-sum', baseline: 'batch' }],
    ['ppo', { groupSize: 1, aggregation: 'token-mean', lambda: 0.95 }],
  ])('%s is its choices', (method, choices) => {
    expect(stageOf(method)).toMatchObject(choices);
  });

  it('ask for a reference only with a KL term, and for a value head only in PPO', () => {
    const needs = (method: string, own = {}) =>
      recipeNeeds(parseRecipe(toyRecipe([{ method, steps: 1, ...own }]), methods), methods);
    expect(needs('grpo')).toEqual({ reference: false, valueHead: false });
    expect(needs('rloo', { kl: { coefficient: 0.1 } })).toEqual({ reference: true, valueHead: false });
    expect(needs('ppo')).toEqual({ reference: false, valueHead: true });
  });
});
