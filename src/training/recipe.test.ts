/** Recipes: defaults, clear complaints, settings by path, and what may change on resume. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  differingKeys,
  forbiddenChanges,
  namedModels,
  parseRecipe,
  parseSetting,
  RecipeError,
  type RecipeInput,
  recipeNeeds,
  setByPath,
} from './index.ts';
import { defineMethod, definePreset, methodTable } from './method.ts';

const inner = z.strictObject({ coefficient: z.number().default(0), estimator: z.string().default('k3') });
const climb = defineMethod({
  name: 'climb',
  title: 'Climbs',
  config: z.strictObject({ groupSize: z.int().min(1).default(8), kl: inner.prefault({}) }),
  needs: ({ kl }) => ({ reference: kl.coefficient > 0 }),
  create: () => ({ step: async () => ({ updates: [], metrics: {} }), state: () => null, restore() {} }),
});
const steep = definePreset(climb, { name: 'steep-climb', title: 'Steep', defaults: { groupSize: 64 } });
const methods = methodTable([climb, steep]);

const minimal = (stage: Record<string, unknown> = {}): RecipeInput => ({
  name: 'a',
  model: 'models/x',
  environment: { name: 'toy', difficulty: 3 },
  stages: [{ method: 'climb', steps: 10, ...stage }],
});

function problems(input: unknown): string {
  try {
    parseRecipe(input, methods);
  } catch (error) {
    expect(error).toBeInstanceOf(RecipeError);
    return (error as Error).message;
  }
  throw new Error('the recipe was accepted');
}

describe('parseRecipe', () => {
  it('fills in defaults, keeps the options of the environment, and can be read again as it is', () => {
    const recipe = parseRecipe(minimal(), methods);
    expect(recipe.stages[0]).toMatchObject({
      name: 'climb',
      groupSize: 8,
      learningRate: 1e-3,
      maxGradNorm: 1,
    });
    expect(recipe.evaluation).toMatchObject({ split: 'validation', samples: 1, temperature: 1 });
    expect(recipe.environment).toEqual({ name: 'toy', difficulty: 3 });
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)), methods)).toEqual(recipe);
  });

  it('takes the defaults of a preset, which the recipe may override', () => {
    expect(parseRecipe(minimal({ method: 'steep-climb' }), methods).stages[0].groupSize).toBe(64);
    expect(parseRecipe(minimal({ method: 'steep-climb', groupSize: 2 }), methods).stages[0].groupSize).toBe(
      2,
    );
  });

  it('names an unknown key, its path, the known keys and the likely meant one', () => {
    expect(problems({ ...minimal(), sampling: { maxToken: 3 } })).toMatch(
      /sampling: unknown key 'maxToken': did you mean 'maxTokens'\? \(known: maxTokens, temperature/,
    );
    expect(problems(minimal({ group_size: 4 }))).toMatch(
      /stages\.0: unknown key 'group_size': did you mean 'groupSize'\? .*groupSize, kl, method, name, steps/,
    );
    expect(problems(minimal({ kl: { coeficient: 1 } }))).toMatch(
      /stages\.0\.kl: unknown key 'coeficient': did you mean 'coefficient'\?/,
    );
    expect(problems({ ...minimal(), colour: 'red' })).toMatch(
      /^recipe: unknown key 'colour' \(known: name, model/,
    );
    expect(problems({ ...minimal(), model: { config: {}, tokeniser: 'symbols' } })).toMatch(
      /model: unknown key 'tokeniser': did you mean 'tokenizer'\?/,
    );
  });

  it('says what was given and what was expected', () => {
    expect(problems(minimal({ learningRate: -1 }))).toMatch(/stages\.0\.learningRate: -1 given: .*>0/);
    expect(problems(minimal({ groupSize: 'many' }))).toMatch(
      /stages\.0\.groupSize: "many" given: .*expected (int|number)/,
    );
    expect(problems(minimal({ method: 'clim' }))).toMatch(
      /stages\.0\.method: unknown method 'clim': did you mean 'climb'\? \(known: climb, steep-climb\)/,
    );
    expect(problems({ ...minimal(), name: undefined })).toMatch(/name: missing/);
    expect(problems({ ...minimal(), environment: {} })).toMatch(/environment: .*one of name and file/);
  });

  it('wants exactly one limit a stage, and a warm-up that fits it', () => {
    expect(problems(minimal({ steps: undefined }))).toMatch(/stages\.0: no limit given/);
    expect(problems(minimal({ seconds: 3 }))).toMatch(/stages\.0: steps and seconds given/);
    expect(problems(minimal({ warmupSteps: 1, warmupFraction: 0.1 }))).toMatch(/expected one of them/);
    expect(problems(minimal({ steps: undefined, seconds: 5, warmupSteps: 1 }))).toMatch(/warmupFraction/);
  });

  it('reports every problem at once', () => {
    const text = problems(minimal({ groupSize: 0, learningRate: 0, nonsense: 1 }));
    expect(text.split('\n')).toHaveLength(4);
  });

  it('knows what the stages ask of the engine', () => {
    expect(recipeNeeds(parseRecipe(minimal(), methods), methods).reference).toBe(false);
    const held = minimal({ kl: { coefficient: 0.1 } });
    expect(recipeNeeds(parseRecipe(held, methods), methods).reference).toBe(true);
  });
});

describe('definePreset', () => {
  it('refuses a default that the method does not have', () => {
    expect(() => definePreset(climb, { name: 'x', title: 'x', defaults: { grupSize: 1 } })).toThrow(
      /grupSize/,
    );
  });
});

describe('setByPath', () => {
  it('sets nested values in a copy, making what is missing', () => {
    const recipe = minimal();
    const changed = setByPath(setByPath(recipe, 'stages.0.kl.coefficient', 0.5), 'seed', 9);
    expect(changed.stages[0].kl).toEqual({ coefficient: 0.5 });
    expect(changed.seed).toBe(9);
    expect(recipe).toEqual(minimal());
    expect(setByPath(recipe, 'stages.1', { method: 'climb', steps: 1 }).stages).toHaveLength(2);
  });

  it('refuses paths that lead nowhere', () => {
    expect(() => setByPath(minimal(), 'stages.5.steps', 1)).toThrow(/'stages' is a list of 1/);
    expect(() => setByPath(minimal(), 'name.x', 1)).toThrow(/'name' is "a"/);
    expect(() => setByPath(minimal(), 'a..b', 1)).toThrow(/no path/);
    expect(() => setByPath(minimal(), '__proto__.polluted', 1)).toThrow(/no path/);
  });
});

describe('namedModels', () => {
  it('finds the models of the recipe and of the methods of its stages, where they are named', () => {
    const guided = { ...climb, name: 'guided', modelKeys: ['teacher', 'judges.first'] };
    const stages = [
      { method: 'climb', teacher: 'no' },
      { method: 'guided', teacher: 't', judges: { first: 'j' } },
    ];
    const table = methodTable([climb, guided]);
    expect([...namedModels({ model: 'm', stages }, table)]).toEqual([
      ['model', 'm'],
      ['stages.1.teacher', 't'],
      ['stages.1.judges.first', 'j'],
    ]);
    const unfinished = [null, { method: 'none' }, { method: 'guided', judges: 3 }];
    expect(namedModels({ model: { config: {} }, stages: unfinished }, table).size).toBe(0);
    expect(namedModels(undefined, table).size).toBe(0);
  });
});

describe('parseSetting', () => {
  it('reads JSON where it is JSON and text otherwise', () => {
    expect(parseSetting('stages.0.steps=12')).toEqual({ path: 'stages.0.steps', value: 12 });
    expect(parseSetting('name=a=b')).toEqual({ path: 'name', value: 'a=b' });
    expect(parseSetting('sampling.stop=["x"]').value).toEqual(['x']);
    expect(() => parseSetting('seed')).toThrow(/key=value/);
  });
});

describe('changes on resume', () => {
  it('finds differing paths and lets limits and cadences change only', () => {
    const a = parseRecipe(minimal(), methods);
    const b = parseRecipe(
      { ...minimal({ steps: 20, groupSize: 4 }), seed: 1, evaluation: { every: 5 } },
      methods,
    );
    expect(differingKeys(a, b)).toEqual(['evaluation.every', 'seed', 'stages.0.groupSize', 'stages.0.steps']);
    expect(forbiddenChanges(a, b)).toEqual(['seed', 'stages.0.groupSize']);
    const longer = { ...a, stages: [...a.stages, ...a.stages] };
    expect(forbiddenChanges(a, longer)).toContain('stages.1.method');
  });
});
