/** DPO: what a step hands to the engine is the gradient of whole pairs; losers are pushed down; collections are reused. */
import { describe, expect, it } from 'vitest';
import { sequential } from '../../curricula/index.ts';
import { crossEntropy } from '../../objectives/index.ts';
import { methodTable } from '../../training/index.ts';
import { ToyRun, toyRecipe } from '../../training/testing/fixture.ts';
import { successor, successorTokenizer } from '../../training/testing/successor.ts';
import { TabularEngine } from '../../training/testing/tabular-engine.ts';
import type { Environment, Grade } from '../../types/index.ts';
import { dpo } from './method.ts';
import { onlineDpo } from './online.ts';
import { type Completion, type Pair, pairOfTask, preferenceStep } from './pairs.ts';

const tokenizer = successorTokenizer();

const context = (step: number) => ({
  step,
  stageStep: step,
  signal: new AbortController().signal,
  onTokens() {},
  onTime() {},
});

function workplace(environment: Environment = successor()) {
  const engine = new TabularEngine({ tokenizer });
  return {
    engine,
    reference: new TabularEngine({ tokenizer, seed: 4 }),
    tokenizer,
    environment,
    curriculum: sequential(70),
    sampling: { maxTokens: 3, temperature: 1 },
    seed: 1,
    stage: 0,
  };
}

/** Log-probability of a completion. */
async function likelihood(engine: TabularEngine, { tokens, promptLength }: Completion): Promise<number> {
  const [logprobs] = (await engine.forward([tokens])).logprobs;
  return logprobs.slice(promptLength).reduce((a, b) => a + b, 0);
}

/** -log σ(β h), averaged over pairs, in plain numbers. */
async function directLoss(place: ReturnType<typeof workplace>, pairs: readonly Pair[], beta: number) {
  let total = 0;
  for (const { chosen, rejected } of pairs) {
    const [own, kept] = [place.engine, place.reference];
    const h =
      (await likelihood(own, chosen)) -
      (await likelihood(kept, chosen)) -
      (await likelihood(own, rejected)) +
      (await likelihood(kept, rejected));
    total += Math.log1p(Math.exp(-beta * h));
  }
  return total / pairs.length;
}

const made = (place: ReturnType<typeof workplace>, config: object) =>
  dpo.create(dpo.config.parse(config), place);

describe('DPO', () => {
  it('reports the loss of the pairs, and follows its gradient', async () => {
    const place = workplace();
    const { updates, metrics } = await made(place, { batchSize: 5, beta: 0.4 }).step(context(1));
    const pairs = [0, 1, 2, 3, 4].map((i) => pairOfTask(place.environment.task('train', i), tokenizer));
    const before = await directLoss(place, pairs, 0.4);
    const { loss } = await place.engine.forwardBackward(updates[0].batch, updates[0].objective);
    expect(loss).toBeCloseTo(before, 5);
    expect(metrics['preference.margin']).toBeCloseTo(
      metrics['preference.chosen'] - metrics['preference.rejected'],
      5,
    );
    // Along a direction in logits, the accumulated gradient is that of the direct loss.
    const gradient = (place.engine as unknown as { gradient: Float64Array }).gradient.slice();
    const norm = Math.hypot(...gradient);
    const move = (by: number) => {
      gradient.forEach((g, i) => {
        place.engine.table[i] += (by * g) / norm;
      });
    };
    const step = 1e-2;
    move(step);
    const up = await directLoss(place, pairs, 0.4);
    move(-2 * step);
    const down = await directLoss(place, pairs, 0.4);
    expect(norm).toBeGreaterThan(0.01);
    expect(Math.abs((up - down) / (2 * step) / norm - 1)).toBeLessThan(0.01);
  });

  it('pushes rejected completions down, which imitation of the chosen ones does not', async () => {
    const change = async (imitate: boolean) => {
      const place = workplace();
      const pairs = [0, 1, 2, 3].map((i) => pairOfTask(place.environment.task('train', i), tokenizer));
      const { updates } = await made(place, { batchSize: 4 }).step(context(1));
      const [{ batch, objective }] = updates;
      const weight = batch.weight.map((row, i) => (i % 2 === 0 ? row : new Float32Array(row.length)));
      const before = await Promise.all(pairs.map(({ rejected }) => likelihood(place.engine, rejected)));
      if (imitate) await place.engine.forwardBackward({ ...batch, weight }, crossEntropy());
      else await place.engine.forwardBackward(batch, objective);
      await place.engine.optimStep({ learningRate: 0.05 });
      const after = await Promise.all(pairs.map(({ rejected }) => likelihood(place.engine, rejected)));
      return Math.max(...after.map((x, i) => x - before[i]));
    };
    expect(await change(false)).toBeLessThan(-0.02);
    expect(await change(true)).toBeGreaterThan(-0.02);
  });

  it('leaves out long pairs, knows its epochs, and says what is missing', async () => {
    const { updates, metrics } = await made(workplace(), { maxLength: 5 }).step(context(1));
    expect(updates).toEqual([]);
    expect(metrics).toEqual({ 'preference.pairs': 0, 'examples.skipped': 32 });
    expect(made(workplace(), { batchSize: 20 }).stepsForEpochs?.(2)).toBe(7);
    const { rejected: _, ...task } = successor().task('train', 0);
    expect(() => pairOfTask(task, tokenizer)).toThrow(/train-00=: it has no rejected completion/);
    await expect(
      preferenceStep([], crossEntropy(), { ...workplace(), reference: undefined }, context(1)),
    ).rejects.toThrow(/no reference/);
  });
});

describe('online DPO', () => {
  const scored = (scores: (number | undefined)[]) => {
    let next = 0;
    return successor((): Grade => {
      const score = scores[next++ % scores.length];
      return score === undefined ? { status: 'failed', reason: 'x' } : { status: 'graded', score };
    });
  };
  const online = (environment: Environment, config: object = {}) =>
    onlineDpo.create(
      onlineDpo.config.parse({ promptsPerStep: 2, groupSize: 4, ...config }),
      workplace(environment),
    );

  it('pairs the best with the worst, where the gap is wide enough', async () => {
    const method = online(scored([0.2, 0.9, undefined, 0.1, 0.5, 0.5, 0.5, 0.6]), { minGap: 0.3 });
    const { groups = [], metrics } = await method.step(context(1));
    expect(metrics['preference.pairs']).toBe(1);
    const [{ trajectories }] = groups;
    expect(method.state()).toEqual([
      {
        chosen: { tokens: trajectories[1].tokens, promptLength: 3 },
        rejected: { tokens: trajectories[3].tokens, promptLength: 3 },
      },
    ]);
    const alike = online(scored([0.5]));
    expect((await alike.step(context(1))).updates).toEqual([]);
  });

  it('samples anew only when a collection has been used as often as told', async () => {
    const method = online(scored([0, 1, 0.5]), { reuse: 3, batchSize: 1 });
    const sampled: boolean[] = [];
    const sizes: number[] = [];
    for (let step = 1; step <= 5; step++) {
      const { groups, updates } = await method.step(context(step));
      sampled.push(groups !== undefined);
      sizes.push(updates[0].batch.sequences.length);
    }
    expect(sampled).toEqual([true, false, false, true, false]);
    expect(sizes).toEqual([2, 2, 2, 2, 2]);
  });

  it('goes on after a pause within a collection bit for bit', async () => {
    const stage = {
      method: 'online-dpo',
      steps: 7,
      reuse: 4,
      promptsPerStep: 6,
      groupSize: 4,
      learningRate: 0.1,
    };
    const run = async (stopAfter?: number) => {
      const setup = await ToyRun.open({ methods: methodTable([onlineDpo]) });
      const stop = new AbortController();
      const onEvent = ({ type, step }: { type: string; step: number }) => {
        if (type === 'step.finished' && step === stopAfter) stop.abort();
      };
      await setup.train(toyRecipe([stage]), { signal: stop.signal, onEvent });
      if (stopAfter !== undefined) await setup.train(toyRecipe([stage]), { resume: true });
      const metrics = await setup.metrics();
      const table = setup.engine.table.slice();
      await setup.close();
      return { metrics, table };
    };
    const whole = await run();
    expect(whole.metrics['tokens.sampled'].steps).toEqual([1, 5]);
    expect(await run(2)).toEqual(whole);
  });
});
