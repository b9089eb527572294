/** AMFT: one loss of imitation and reinforcement, whose balance μ follows held-out reward and the policy's entropy. */
import { z } from 'zod';
import type { Json } from '../../curricula/index.ts';
import type { TrainingBatch } from '../../engine/index.ts';
import { crossEntropy } from '../../objectives/index.ts';
import { rng } from '../../random/index.ts';
import {
  defineMethod,
  type MethodContext,
  type MethodInstance,
  type MethodStep,
  rowsToBatch,
  type StepContext,
  type Update,
} from '../../training/index.ts';
import type { Task } from '../../types/index.ts';
import { grpoConfig, grpoObjective } from '../grpo/method.ts';
import { creditTrajectories } from '../shared/credit.ts';
import { needsReference } from '../shared/options.ts';
import { policyGradient } from '../shared/policy-gradient.ts';
import { supervisedRow } from '../supervised/method.ts';
import { balanceOptions, cosine, metaGradient, nextMu, norm } from './balance.ts';
import { utilityGradient } from './utility.ts';

const { minibatches: _, updateEpochs: __, ...reinforcement } = grpoConfig.shape;

export const amftConfig = z.strictObject({
  ...reinforcement,
  ...balanceOptions,
  /** Steps of imitation alone before both losses are used. */
  imitationSteps: z.int().min(0).default(30),
  /** H*: what μ holds the policy's entropy to (nats a token); measured on worked completions after `imitationSteps` unless given. */
  targetEntropy: z.number().min(0).optional(),
  /** What the meta-gradient asks for on validation tasks: `reward`, or `likelihood` of their worked completions. */
  utility: z.enum(['reward', 'likelihood']).default('reward'),
  /** Validation tasks of a meta-gradient. */
  validationTasks: z.int().min(1).default(16),
  /** Attempts at each, with `reward`. */
  validationAttempts: z.int().min(2).default(4),
});

type Config = z.output<typeof amftConfig>;

/** Batches of worked completions that the target entropy is measured on. */
const TARGET_BATCHES = 20;

/** Mean entropy of the present weights over the masked tokens, in nats. */
async function meanEntropy(
  { engine }: MethodContext,
  rows: readonly { tokens: readonly number[]; mask: ArrayLike<number> }[],
): Promise<number> {
  const { entropy = [] } = await engine.forward(
    rows.map(({ tokens }) => tokens),
    { entropy: true },
  );
  let [total, tokens] = [0, 0];
  rows.forEach(({ mask }, i) => {
    for (let t = 0; t < mask.length; t++)
      if (mask[t] > 0) {
        total += entropy[i][t];
        tokens++;
      }
  });
  return tokens === 0 ? 0 : total / tokens;
}

/** A batch whose losses count `factor` times as much. */
function scaled(batch: TrainingBatch, factor: number): TrainingBatch {
  return { ...batch, weight: batch.weight.map((row) => Float32Array.from(row, (w) => factor * w)) };
}

interface Remembered {
  mu: number;
  targetEntropy: number | null;
}

class Amft implements MethodInstance {
  private readonly config: Config;
  private readonly context: MethodContext;
  private readonly reinforced: MethodInstance;
  private readonly imitation = crossEntropy();
  private remembered: Remembered;

  constructor(config: Config, context: MethodContext) {
    this.config = config;
    this.context = context;
    this.remembered = { mu: config.mu, targetEntropy: config.targetEntropy ?? null };
    const settings = { ...config, minibatches: 1, updateEpochs: 1 };
    this.reinforced = policyGradient(settings, context, {
      objective: grpoObjective(settings),
      credit(attempts, rewards) {
        creditTrajectories(attempts, rewards, { name: 'group', normalise: config.normalise });
        return {};
      },
    });
  }

  state(): Json {
    return { ...this.remembered };
  }

  restore(state: Json): void {
    this.remembered = state as unknown as Remembered;
  }

  async step(step: StepContext): Promise<MethodStep> {
    const { imitationSteps } = this.config;
    if (step.stageStep <= imitationSteps) return this.imitationStep(step);
    const made = await this.reinforced.step(step);
    const groups = made.groups ?? [];
    const demonstrated = this.demonstrations(groups.map(({ task }) => task));
    const targetEntropy = await this.target();
    const entropy = await meanEntropy(
      this.context,
      groups.flatMap(({ trajectories }) =>
        trajectories.map(({ tokens, lossMask }) => ({ tokens, mask: lossMask })),
      ),
    );
    const number = step.stageStep - imitationSteps;
    const meta = await this.meta(number, step, demonstrated, made.updates);
    const mu = nextMu(
      this.remembered.mu,
      { meta: meta.value, entropy, targetEntropy, step: number },
      this.config,
    );
    this.remembered = { ...this.remembered, mu };
    return {
      ...made,
      updates: this.mixed(mu, demonstrated, made.updates),
      metrics: {
        ...made.metrics,
        'amft.mu': mu,
        'amft.entropy': entropy,
        'amft.targetEntropy': targetEntropy,
        ...meta.metrics,
      },
    };
  }

  private imitationStep({ step, signal }: StepContext): MethodStep {
    signal.throwIfAborted();
    const { curriculum, environment } = this.context;
    const indices = curriculum.next(this.config.promptsPerStep, step);
    const batch = this.demonstrations(indices.map((index) => environment.task('train', index)));
    return { updates: [{ batch, objective: this.imitation }], metrics: { 'amft.mu': 1 } };
  }

  /** Worked completions of the tasks. Throws where a task has none. */
  private demonstrations(tasks: readonly Task[]): TrainingBatch {
    const rows = tasks.map((task) => supervisedRow(task, this.context.tokenizer));
    return rowsToBatch(rows, { aggregation: 'token-mean' }) as TrainingBatch;
  }

  /** H*, measured when it is first needed. */
  private async target(): Promise<number> {
    const known = this.remembered.targetEntropy;
    if (known !== null) return known;
    const { environment, tokenizer, seed, stage } = this.context;
    const size = environment.size('train');
    const random = rng(seed, 'amft', 'target', stage);
    const rows = Array.from({ length: TARGET_BATCHES * this.config.promptsPerStep }, (_, i) =>
      supervisedRow(environment.task('train', size === Infinity ? i : random.int(size)), tokenizer),
    );
    const targetEntropy = await meanEntropy(this.context, rows);
    this.remembered = { ...this.remembered, targetEntropy };
    return targetEntropy;
  }

  /** The meta-gradient, in steps that take one, and what is to be known of the gradients it is made of. */
  private async meta(
    number: number,
    step: StepContext,
    demonstrated: TrainingBatch,
    reinforced: readonly Update[],
  ): Promise<{ value?: number; metrics: Record<string, number> }> {
    const { metaRate, metaEvery, metaScale, utility, validationTasks, validationAttempts, decay } =
      this.config;
    if (metaRate === 0 || decay !== undefined || (number - 1) % metaEvery !== 0) return { metrics: {} };
    const { engine } = this.context;
    const held = await utilityGradient(
      { utility, tasks: validationTasks, attempts: validationAttempts },
      this.context,
      step,
    );
    await engine.forwardBackward(demonstrated, this.imitation);
    const imitation = await engine.takeGradient();
    for (const { batch, objective } of reinforced) await engine.forwardBackward(batch, objective);
    const reinforcement = reinforced.length > 0 ? await engine.takeGradient() : imitation.map(() => 0);
    const { mu } = this.remembered;
    const [ours, theirs] = [mu * norm(imitation), (1 - mu) * norm(reinforcement)];
    const value =
      held.gradient && metaGradient({ utility: held.gradient, imitation, reinforcement }, metaScale);
    return {
      value,
      metrics: {
        ...(value === undefined ? {} : { 'amft.meta': value }),
        'amft.cosine': cosine(imitation, reinforcement),
        'amft.imitationShare': ours + theirs === 0 ? 0 : ours / (ours + theirs),
        'amft.validationTokens': held.sampledTokens,
      },
    };
  }

  /** One update of both losses, or of the one that there is. */
  private mixed(mu: number, demonstrated: TrainingBatch, reinforced: readonly Update[]): Update[] {
    const imitated = { batch: scaled(demonstrated, mu), objective: this.imitation };
    const [own] = reinforced.map(({ batch, objective }) => ({ batch: scaled(batch, 1 - mu), objective }));
    if (own === undefined) return mu > 0 ? [imitated] : [];
    return [mu > 0 ? { ...own, also: [imitated] } : own];
  }
}

/**
 * After some steps of imitation alone, a step samples groups of attempts at tasks and takes (1 - μ) of the reinforcement loss on
 * them and μ of the cross-entropy of the same tasks' worked completions. First μ is moved: by the meta-gradient every few steps,
 * and by the difference between the policy's entropy and the one that it had after imitation.
 */
export const amft = defineMethod({
  name: 'amft',
  title: 'Adaptive meta fine-tuning',
  paper: {
    title: 'AMFT: Aligning LLM Reasoners by Meta-Learning the Optimal Imitation-Exploration Balance',
    year: 2025,
    source: 'arXiv 2508.06944',
  },
  config: amftConfig,
  defaults: { aggregation: 'token-mean' },
  needs: (config) => ({ reference: needsReference(config) }),
  create: (config, context) => new Amft(config, context),
});
