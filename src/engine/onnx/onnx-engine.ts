/** The embedded engine: a transformer on ONNX Runtime, on any CPU. */
import { createHash } from 'node:crypto';
import {
  AdamW,
  copyWeights,
  createWeights,
  type LoraConfig,
  loadWeights,
  type ModelConfig,
  type ModelWeights,
  saveWeights,
} from '../../nn/index.ts';
import { checkDevice, type Device, defaultDevice } from '../../tensor/index.ts';
import { loadTokenizer, type Tokenizer } from '../../text/index.ts';
import type { Sample } from '../../types/index.ts';
import type {
  Engine,
  EngineSnapshot,
  ForwardOutput,
  FrozenEngine,
  OptimResult,
  OptimSettings,
  PrecisionReport,
  SampleOptions,
  SampleRequest,
  SamplingParams,
  StepResult,
  TrainingBatch,
  Want,
} from '../engine.ts';
import type { Objective } from '../objective.ts';
import { attentionCost, cachedTokens, learningBytes, scoringBytes } from './costs.ts';
import type { SessionLimits } from './decoding-session.ts';
import { type DecodingSettings, GuardedSampler } from './guarded-sampler.ts';
import { Learner } from './learner.ts';
import type { PackingOptions } from './packing.ts';
import { ModelPrograms } from './programs.ts';
import { Sampler } from './sampler.ts';
import { scoreSequences } from './scorer.ts';
import { Turns } from './turns.ts';

/** How much the engine does at once; memory grows with these. */
export interface EngineLimits extends SessionLimits {
  /** Most tokens in one forward-and-backward run, padding included; larger batches are accumulated. */
  learnTokens: number;
  /** Most tokens in one scoring run, padding included. */
  scoreTokens: number;
  /** Most bytes of activations in one run, by estimate: large models take fewer tokens at once than the limits above. */
  activationBytes: number;
}

const DEFAULT_LIMITS: EngineLimits = {
  maxRows: 256,
  cacheBytes: 2 ** 30,
  prefillTokens: 4096,
  learnTokens: 4096,
  scoreTokens: 8192,
  activationBytes: 2 ** 31,
};

export interface OnnxEngineOptions {
  /** A Hugging Face folder, or the shape of a fresh model. */
  model: string | ModelConfig;
  /** Needed for a fresh model; a folder brings its own. */
  tokenizer?: Tokenizer;
  /** Seed of fresh weights. */
  seed?: number;
  valueHead?: boolean;
  lora?: LoraConfig;
  /**
   * Learn with less memory and more time: keep the input of each block for the backward pass, not what the block makes on
   * the way, and compute that anew.
   */
  recompute?: boolean;
  /** Precision of decoding; float32 unless given. */
  decoding?: DecodingSettings;
  /** Where programs run; BURNISH_DEVICE unless given, or else `cpu`. */
  device?: Device;
  limits?: Partial<EngineLimits>;
  /** Beginning of the paths of files that ONNX Runtime's profiler writes, one a program, when the engine is disposed of. */
  profile?: string;
}

/** Loads or makes a model. Throws an Error naming the folder, or the option, and what is wrong with it. */
export async function createOnnxEngine(options: OnnxEngineOptions): Promise<Engine> {
  const {
    model,
    seed,
    valueHead,
    lora,
    recompute,
    decoding = {},
    device = defaultDevice(),
    profile,
  } = options;
  checkDevice(device);
  const weightsOptions = { seed, valueHead, lora };
  const weights =
    typeof model === 'string'
      ? await loadWeights(model, weightsOptions)
      : createWeights(model, weightsOptions);
  const tokenizer = options.tokenizer ?? (typeof model === 'string' ? await loadTokenizer(model) : undefined);
  if (!tokenizer) throw new Error('tokenizer: is missing; a fresh model needs one');
  if (tokenizer.vocabSize > weights.config.vocabSize)
    throw new Error(
      `tokenizer: has ${tokenizer.vocabSize} tokens, the model only ${weights.config.vocabSize}`,
    );
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  for (const [name, value] of Object.entries(limits))
    if (!Number.isInteger(value) || value < 1)
      throw new RangeError(`limits.${name}: got ${value}, expected an integer of at least 1`);
  const { arena } = weights;
  const programs = new ModelPrograms({
    config: weights.config,
    lora,
    parameters: Object.fromEntries(arena.slots.map(({ name, shape }) => [name, shape])),
    trainable: arena.slots.filter((slot) => slot.trainable).map(({ name }) => name),
    recompute,
    device,
    profile,
  });
  return new OnnxEngine(weights, programs, tokenizer, limits, decoding);
}

/** How sequences are packed: at most `tokens` in a run, and no more than fit in memory with so many bytes each. */
function packingOf(
  config: ModelConfig,
  { activationBytes }: EngineLimits,
  tokens: (length: number) => number,
  bytes: (length: number) => number,
): PackingOptions {
  return {
    maxTokens: (length) => Math.min(tokens(length), activationBytes / bytes(length)),
    attentionCost: attentionCost(config),
  };
}

/** Weights that can be read. */
class FrozenOnnxEngine implements FrozenEngine {
  protected version: number;
  protected readonly weights: ModelWeights;
  protected readonly programs: ModelPrograms;
  protected readonly tokenizer: Tokenizer;
  protected readonly limits: EngineLimits;
  protected readonly turns = new Turns();
  private readonly decoding: DecodingSettings;
  protected readonly sampler: GuardedSampler;

  constructor(
    weights: ModelWeights,
    programs: ModelPrograms,
    tokenizer: Tokenizer,
    limits: EngineLimits,
    decoding: DecodingSettings,
    version = 0,
  ) {
    this.weights = weights;
    this.programs = programs;
    this.tokenizer = tokenizer;
    this.limits = limits;
    this.version = version;
    this.decoding = decoding;
    this.sampler = new GuardedSampler(
      new Sampler(weights, programs, tokenizer, limits, decoding.pack),
      decoding,
      async (sequences) => (await this.scored(sequences, {})).logprobs,
    );
  }

  get weightsVersion(): number {
    return this.version;
  }

  get samplingPrecision(): PrecisionReport | undefined {
    return this.sampler.report(this.version);
  }

  sample(
    requests: readonly SampleRequest[],
    params: SamplingParams,
    options?: SampleOptions,
  ): Promise<Sample[][]> {
    return this.turns.take(() => this.sampler.sample(requests, params, this.version, options));
  }

  forward(sequences: readonly (readonly number[])[], want: Want = {}): Promise<ForwardOutput> {
    return this.turns.take(() => this.scored(sequences, want));
  }

  private scored(sequences: readonly (readonly number[])[], want: Want): Promise<ForwardOutput> {
    const { weights, programs, limits } = this;
    const packing = packingOf(
      weights.config,
      limits,
      () => limits.scoreTokens,
      (length) => scoringBytes(weights.config, length),
    );
    return scoreSequences(weights, programs, sequences, want, packing);
  }

  export(folder: string, { dtype }: { dtype?: 'F32' | 'F16' | 'BF16' } = {}): Promise<void> {
    return this.turns.take(() => saveWeights(this.weights, folder, { dtype, files: this.tokenizer.files() }));
  }

  dispose(): void {
    this.sampler.dispose();
  }

  protected copy(): FrozenOnnxEngine {
    const { programs, tokenizer, limits, decoding, version } = this;
    const weights = copyWeights(this.weights);
    const frozen = new FrozenOnnxEngine(weights, programs, tokenizer, limits, decoding, version);
    frozen.sampler.restore(this.sampler.state());
    return frozen;
  }
}

class OnnxEngine extends FrozenOnnxEngine implements Engine {
  private readonly learner: Learner;
  private readonly optimiser: AdamW;

  constructor(
    weights: ModelWeights,
    programs: ModelPrograms,
    tokenizer: Tokenizer,
    limits: EngineLimits,
    decoding: DecodingSettings,
  ) {
    super(weights, programs, tokenizer, limits, decoding);
    const recompute = programs.shape.recompute ?? false;
    const { config } = weights;
    const packing = packingOf(
      config,
      limits,
      (length) => Math.min(limits.learnTokens, cachedTokens(config, length)),
      (length) => learningBytes(config, length, recompute),
    );
    this.learner = new Learner(weights, programs, packing);
    this.optimiser = new AdamW(weights.arena);
  }

  async forwardBackward(batch: TrainingBatch, objective: Objective): Promise<StepResult> {
    if (objective.needs.values && !this.weights.valueHead)
      throw new Error(
        `the objective ${objective.name} needs a value head; make the engine with valueHead: true`,
      );
    return this.turns.take(() => this.learner.run(batch, objective));
  }

  takeGradient(): Promise<Float32Array> {
    return this.turns.take(async () => {
      if (!this.learner.hasGradient)
        throw new Error('takeGradient: no gradient has accumulated; call forwardBackward first');
      this.learner.clear();
      return this.weights.arena.gradients.slice();
    });
  }

  optimStep(settings: OptimSettings): Promise<OptimResult> {
    return this.turns.take(async () => {
      if (!this.learner.hasGradient)
        throw new Error('optimStep: no gradient has accumulated; call forwardBackward first');
      const { gradNorm, skipped } = this.optimiser.step(settings);
      this.learner.clear();
      if (!skipped) this.version++;
      this.sampler.weightsChanged();
      return { weightsVersion: this.version, gradNorm, skipped };
    });
  }

  snapshot(): EngineSnapshot {
    const { arena } = this.weights;
    const { m, v, stepCount } = this.optimiser.state();
    return {
      arrays: { parameters: arena.trainableParameters.slice(), m, v },
      facts: {
        layout: layoutOf(this.weights),
        weightsVersion: this.version,
        optimiserSteps: stepCount,
        decoding: this.sampler.state(),
      },
    };
  }

  restore({ arrays, facts }: EngineSnapshot): void {
    if (this.turns.busy) throw new Error('restore: another call is under way; await it first');
    const layout = layoutOf(this.weights);
    if (facts.layout !== layout)
      throw new Error(
        `the snapshot is of another model: its layout is ${facts.layout}, this engine's ${layout}`,
      );
    const { trainableParameters } = this.weights.arena;
    for (const name of ['parameters', 'm', 'v'])
      if (arrays[name]?.length !== trainableParameters.length)
        throw new Error(
          `snapshot.arrays.${name}: has ${arrays[name]?.length ?? 'no'} floats, expected ${trainableParameters.length}`,
        );
    const { parameters, m, v } = arrays;
    this.optimiser.restore({ m, v, stepCount: facts.optimiserSteps as number });
    trainableParameters.set(parameters);
    this.version = facts.weightsVersion as number;
    this.sampler.weightsChanged();
    this.sampler.restore(facts.decoding as string | undefined);
    this.learner.clear();
  }

  fork(): FrozenEngine {
    return this.copy();
  }

  override dispose(): void {
    super.dispose();
    this.learner.dispose();
    this.programs.dispose();
  }
}

/** Identifies what the model computes and which parameters train, so that a snapshot of another model is refused. */
function layoutOf({ config, arena, lora }: ModelWeights): string {
  const { architecture, heads, kvHeads, ropeTheta, ropeScaling, rmsNormEps } = config;
  const scaling = Object.entries(ropeScaling ?? {}).sort();
  const tensors = arena.slots.map(({ name, shape, trainable }) => [name, shape, trainable]);
  const facts = [heads, kvHeads, ropeTheta, scaling, rmsNormEps, lora?.alpha, tensors];
  const digest = createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
  return `${architecture}, ${arena.trainableCount} of ${arena.parameterCount} parameters train, ${digest}`;
}
