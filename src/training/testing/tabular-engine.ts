/** A small engine for tests: a table of logits by context, which really learns, in plain numbers. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  Engine,
  EngineSnapshot,
  ForwardOutput,
  FrozenEngine,
  OptimSettings,
  SampleRequest,
  SamplingParams,
  StepResult,
  TrainingBatch,
  Want,
} from '../../engine/index.ts';
import type { Objective } from '../../engine/objective.ts';
import { rng } from '../../random/index.ts';
import type { Tokenizer } from '../../text/index.ts';
import type { Sample } from '../../types/index.ts';
import { objectiveGradients } from './objective-gradients.ts';

export interface TabularOptions {
  tokenizer: Tokenizer;
  /** Tokens of context that a prediction depends on. */
  order?: number;
  /** Rows of the table. */
  rows?: number;
  seed?: number;
  /** Added to the sampler's log-probabilities: a sampler that disagrees with the trainer. */
  samplerError?: number;
}

/** Next-token distribution of a context. */
interface Prediction {
  row: number;
  logprobs: Float64Array;
  entropy: number;
}

export class TabularEngine implements Engine {
  weightsVersion = 0;
  /** [rows · (vocab + 1)]: logits, then the value. */
  readonly table: Float32Array;
  private readonly options: Required<TabularOptions>;
  private readonly gradient: Float64Array;
  private m: Float32Array;
  private v: Float32Array;
  private optimiserSteps = 0;

  constructor(options: TabularOptions) {
    this.options = { order: 2, rows: 512, seed: 0, samplerError: 0, ...options };
    const { rows, seed, tokenizer } = this.options;
    const random = rng(seed, 'table');
    const size = rows * (tokenizer.vocabSize + 1);
    this.table = Float32Array.from({ length: size }, () => 0.3 * random.normal());
    this.gradient = new Float64Array(size);
    this.m = new Float32Array(size);
    this.v = new Float32Array(size);
  }

  private get width(): number {
    return this.options.tokenizer.vocabSize + 1;
  }

  /** Row of the table for the token at position t. */
  private context(tokens: readonly number[], t: number): number {
    let h = 2166136261;
    for (let i = Math.max(0, t - this.options.order); i < t; i++)
      h = Math.imul(h ^ (tokens[i] + 1), 16777619);
    return (h >>> 0) % this.options.rows;
  }

  private predict(tokens: readonly number[], t: number): Prediction {
    const row = this.context(tokens, t);
    const vocab = this.width - 1;
    const logits = this.table.subarray(row * this.width, row * this.width + vocab);
    let top = -Infinity;
    for (const z of logits) top = Math.max(top, z);
    let sum = 0;
    for (const z of logits) sum += Math.exp(z - top);
    const norm = top + Math.log(sum);
    const logprobs = Float64Array.from(logits, (z) => z - norm);
    let entropy = 0;
    for (const l of logprobs) entropy -= Math.exp(l) * l;
    return { row, logprobs, entropy };
  }

  async sample(
    requests: readonly SampleRequest[],
    params: SamplingParams,
    options: { signal?: AbortSignal; onTokens?(tokens: number): void } = {},
  ): Promise<Sample[][]> {
    let sampled = 0;
    const results: Sample[][] = [];
    for (const request of requests) {
      await new Promise((resolve) => setImmediate(resolve));
      options.signal?.throwIfAborted();
      results.push(
        Array.from({ length: request.n }, (_, i) => {
          const one = this.complete(request, i, params);
          sampled += one.tokens.length;
          return one;
        }),
      );
      options.onTokens?.(sampled);
    }
    return results;
  }

  private complete(request: SampleRequest, index: number, params: SamplingParams): Sample {
    const { tokenizer, samplerError } = this.options;
    const random = rng(request.seed, index);
    const { temperature = 1, stopTokens = tokenizer.eosIds } = params;
    const all = [...request.prompt];
    const logprobs: number[] = [];
    let stopped = false;
    while (!stopped && logprobs.length < params.maxTokens) {
      const { logprobs: known } = this.predict(all, all.length);
      const token = draw(known, temperature, random.uniform());
      all.push(token);
      logprobs.push(known[token] + samplerError);
      stopped = stopTokens.includes(token);
    }
    const tokens = all.slice(request.prompt.length);
    return {
      tokens,
      logprobs: Float32Array.from(logprobs),
      text: tokenizer.decode(tokens),
      finishReason: stopped ? 'stop' : 'length',
      weightsVersion: this.weightsVersion,
    };
  }

  async forward(sequences: readonly (readonly number[])[], want: Want = {}): Promise<ForwardOutput> {
    const per = (entry: (tokens: readonly number[], t: number) => number) =>
      sequences.map((tokens) => Float32Array.from(tokens, (_, t) => (t === 0 ? 0 : entry(tokens, t))));
    return {
      logprobs: per((tokens, t) => this.predict(tokens, t).logprobs[tokens[t]]),
      entropy: want.entropy ? per((tokens, t) => this.predict(tokens, t).entropy) : undefined,
      values: want.values ? per((tokens, t) => this.value(this.context(tokens, t))) : undefined,
      candidates: want.candidates?.ids.map((ids, i) => {
        const rows = sequences[i].map((_, t) =>
          t === 0 ? undefined : this.predict(sequences[i], t).logprobs,
        );
        const width = want.candidates?.k ?? 1;
        return Float32Array.from(ids, (id, j) => rows[Math.floor(j / width)]?.[id] ?? 0);
      }),
    };
  }

  private value(row: number): number {
    return this.table[row * this.width + this.width - 1];
  }

  async forwardBackward(batch: TrainingBatch, objective: Objective): Promise<StepResult> {
    const { entropy, values, candidates: width = 0 } = objective.needs;
    const ids = batch.candidates ?? [];
    const candidates = width > 0 ? { k: width, ids } : undefined;
    const output = await this.forward(batch.sequences, { entropy, values, candidates });
    const { loss, metrics, gradients } = await objectiveGradients(objective, batch, output);
    const vocab = this.width - 1;
    batch.sequences.forEach((tokens, i) => {
      for (let t = 1; t < tokens.length; t++) {
        const g = gradients.logprobs[i][t];
        const gEntropy = gradients.entropy?.[i][t] ?? 0;
        const { row, logprobs, entropy: h } = this.predict(tokens, t);
        const at = row * this.width;
        for (let k = 0; k < vocab; k++) {
          const p = Math.exp(logprobs[k]);
          this.gradient[at + k] += g * (Number(k === tokens[t]) - p) - gEntropy * p * (logprobs[k] + h);
        }
        this.gradient[at + vocab] += gradients.values?.[i][t] ?? 0;
        for (let j = t * width; j < (t + 1) * width; j++) {
          const own = gradients.candidates?.[i][j] ?? 0;
          for (let k = 0; k < vocab; k++)
            this.gradient[at + k] += own * (Number(k === ids[i][j]) - Math.exp(logprobs[k]));
        }
      }
    });
    return { loss, metrics };
  }

  async takeGradient(): Promise<Float32Array> {
    const gradient = Float32Array.from(this.gradient);
    this.gradient.fill(0);
    return gradient;
  }

  async optimStep(settings: OptimSettings) {
    const { learningRate, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, maxGradNorm = Infinity } = settings;
    let squares = 0;
    for (const g of this.gradient) squares += g * g;
    const gradNorm = Math.sqrt(squares);
    const skipped = !Number.isFinite(gradNorm);
    if (!skipped) {
      const scale = Math.min(1, maxGradNorm / (gradNorm + 1e-6));
      this.optimiserSteps++;
      const c1 = 1 - beta1 ** this.optimiserSteps;
      const c2 = 1 - beta2 ** this.optimiserSteps;
      for (let i = 0; i < this.table.length; i++) {
        const g = scale * this.gradient[i];
        this.m[i] = beta1 * this.m[i] + (1 - beta1) * g;
        this.v[i] = beta2 * this.v[i] + (1 - beta2) * g * g;
        this.table[i] -= (learningRate * (this.m[i] / c1)) / (Math.sqrt(this.v[i] / c2) + epsilon);
      }
      this.weightsVersion++;
    }
    this.gradient.fill(0);
    return { weightsVersion: this.weightsVersion, gradNorm, skipped };
  }

  snapshot(): EngineSnapshot {
    return {
      arrays: { m: this.m.slice(), table: this.table.slice(), v: this.v.slice() },
      facts: { weightsVersion: this.weightsVersion, optimiserSteps: this.optimiserSteps },
    };
  }

  restore({ arrays, facts }: EngineSnapshot): void {
    this.table.set(arrays.table);
    this.m = arrays.m.slice();
    this.v = arrays.v.slice();
    this.weightsVersion = Number(facts.weightsVersion);
    this.optimiserSteps = Number(facts.optimiserSteps);
    this.gradient.fill(0);
  }

  fork(): FrozenEngine {
    const copy = new TabularEngine(this.options);
    copy.restore(this.snapshot());
    return copy;
  }

  async export(folder: string): Promise<void> {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'table.json'), JSON.stringify(Array.from(this.table)));
  }

  dispose(): void {}
}

/** A token by inverse transform; temperature 0 takes the likeliest. */
function draw(logprobs: Float64Array, temperature: number, uniform: number): number {
  if (temperature === 0) return logprobs.indexOf(Math.max(...logprobs));
  const weights = Array.from(logprobs, (l) => Math.exp(l / temperature));
  let left = uniform * weights.reduce((a, b) => a + b, 0);
  for (let k = 0; k < weights.length; k++) {
    left -= weights[k];
    if (left < 0) return k;
  }
  return weights.length - 1;
}
