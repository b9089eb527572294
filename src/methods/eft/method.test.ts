/** EFT's step: it imitates the emulated model, base times tuned over reference, and nothing else. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { atTemperature, emulatedLogprobs, type FrozenEngine } from '../../engine/index.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import { eft } from './method.ts';

const tokenizer = successorTokenizer();
const vocab = tokenizer.vocabSize;

/** Logits by the last token alone, sharp enough for models to disagree. */
function table(seed: number) {
  const engine = new TabularEngine({ tokenizer, seed, order: 1, rows: 64 });
  engine.table.forEach((x, i) => {
    engine.table[i] = 4 * x;
  });
  return engine;
}

const contextOf = (step: number) => ({
  step,
  stageStep: step,
  signal: new AbortController().signal,
  onTokens() {},
  onTime() {},
});

function instanceOf(engine: TabularEngine, config: object = {}) {
  const models = { tuned: table(2), reference: table(3) };
  const parsed = eft.config.parse({
    tuned: 'a',
    reference: 'b',
    promptsPerStep: 16,
    groupSize: 8,
    ...config,
  });
  const context = {
    engine,
    reference: engine.fork(),
    models,
    tokenizer,
    environment: successor(),
    curriculum: sequential(70),
    sampling: { maxTokens: 4, temperature: 1 },
    seed: 1,
    stage: 0,
  };
  return { instance: eft.create(parsed, context), base: context.reference, models };
}

async function nextOf(engine: FrozenEngine, token: number): Promise<Float32Array> {
  const ids = Int32Array.from({ length: 2 * vocab }, (_, i) => i % vocab);
  const { candidates = [] } = await engine.forward([[token, 0]], { candidates: { k: vocab, ids: [ids] } });
  return candidates[0].subarray(vocab);
}

/** KL(target || model) of the token after `=`, which every prompt ends with. */
function divergence(target: Float64Array, model: ArrayLike<number>): number {
  return target.reduce((sum, p, v) => (p > 0 ? sum + p * (Math.log(p) - model[v]) : sum), 0);
}

describe('EFT', () => {
  it('moves the model to base · tuned / reference, and away from base · tuned', async () => {
    const engine = table(1);
    const { instance, base, models } = instanceOf(engine, { maxTokens: 1 });
    const after = tokenizer.encode('=')[0];
    const [b, t, r] = await Promise.all([base, models.tuned, models.reference].map((m) => nextOf(m, after)));
    const target = atTemperature(emulatedLogprobs(b, [{ tuned: t, reference: r, weight: 1 }]), 1);
    const nothing = new Float32Array(vocab);
    const wrong = atTemperature(emulatedLogprobs(b, [{ tuned: t, reference: nothing, weight: 1 }]), 1);
    const before = divergence(target, await nextOf(engine, after));
    for (let step = 1; step <= 30; step++) {
      const { updates } = await instance.step(contextOf(step));
      expect(updates).toHaveLength(1);
      for (const { batch, objective } of updates) {
        expect(objective.name).toBe('cross-entropy');
        await engine.forwardBackward(batch, objective);
        await engine.optimStep({ learningRate: 0.15 * (1 - step / 31) });
      }
    }
    const now = await nextOf(engine, after);
    expect(before).toBeGreaterThan(0.3);
    expect(divergence(target, now)).toBeLessThan(0.05);
    expect(divergence(wrong, now)).toBeGreaterThan(0.2);
    // The base is still what it was when the stage began.
    expect(await nextOf(base, after)).toEqual(b);
  });

  it('leaves out what the grader gives less than asked for, and says what drafts saved', async () => {
    const { instance } = instanceOf(table(1), { keepAbove: 1, draftTokens: 2 });
    const { updates, groups = [], metrics } = await instance.step(contextOf(1));
    const right = groups.flatMap(({ trajectories }) =>
      trajectories.filter(({ grade }) => grade.status === 'graded' && grade.score === 1),
    );
    expect(groups).toHaveLength(16);
    // Else the loop would take the emulated model's log-probabilities for the engine's own, and warn.
    expect(groups[0].trajectories[0].weightsVersion).not.toBe(0);
    expect(metrics['examples.kept']).toBe(right.length);
    expect(metrics['tokens.perPass']).toBeGreaterThan(1);
    expect(updates.flatMap(({ batch }) => batch.sequences)).toHaveLength(right.length);
  });

  it('needs the start of the stage and the two models, whose folders its recipe names', () => {
    const config = eft.config.parse({ tuned: 'a', reference: 'b' });
    expect(eft.needs(config)).toEqual({ reference: true, models: { tuned: 'a', reference: 'b' } });
    expect(eft.modelKeys).toEqual(['tuned', 'reference']);
    expect(() => eft.config.parse({ tuned: 'a' })).toThrow();
    const { reference: _, ...bare } = { reference: 0, engine: table(1) };
    expect(() => eft.create(config, { ...bare, models: {} } as never)).toThrow(/models tuned and reference/);
  });
});
