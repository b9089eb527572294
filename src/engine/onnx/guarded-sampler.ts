/** Sampling at reduced precision, kept only while the probabilities stay close to those of float32. */
import { rng } from '../../random/index.ts';
import type { Sample } from '../../types/index.ts';
import type { PrecisionReport, SampleOptions, SampleRequest, SamplingParams } from '../engine.ts';
import type { SamplingPrecision } from './programs.ts';
import type { Sampler } from './sampler.ts';

/** How completions are decoded. */
export interface DecodingSettings {
  /** `int8`: with weights and activations rounded to 8 bits; `float32` unless given. */
  precision?: SamplingPrecision;
  /**
   * int8 only: largest mean |log π of the sampler - log π of float32| (nats a token) that is accepted. Weights where it
   * is larger are sampled in float32.
   */
  largestGap?: number;
  /**
   * float32 only, for weights that stay as they are: steps that come again and again get programs with the weights packed into
   * them. Products then add in another order, so that completions may depend, by rounding, on what was decoded before: not for
   * runs that are to be repeated bit for bit after an interruption.
   */
  pack?: boolean;
}

const LARGEST_GAP = 0.05;
/** A probe is at most this many completions, and no further ones once they have this many tokens. */
const PROBE_COMPLETIONS = 16;
const PROBE_TOKENS = 1024;
/** Completions drawn to see whether reduced precision will do again, after weights where it did not. */
const TRIAL_COMPLETIONS = 8;

/** Log-probabilities in float32 of every token of these sequences; entry 0 is 0. */
type Score = (sequences: readonly (readonly number[])[]) => Promise<readonly Float32Array[]>;

/** The gap of one version of the weights at one temperature. */
interface Measured {
  temperature: number;
  weightsVersion: number;
  gap: number;
}

/**
 * Draws with a sampler. At reduced precision, the first draw of a version of the weights at a temperature is checked on
 * a seeded part of it, and made again in float32 where the gap is too large; later ones go by that check.
 */
export class GuardedSampler {
  private readonly sampler: Sampler;
  private readonly precision: SamplingPrecision;
  private readonly largestGap: number;
  private readonly score: Score;
  /** By temperature, of the last version that was checked. */
  private readonly measured = new Map<number, Measured>();
  private latest: Measured | undefined;

  /** Throws a RangeError naming the setting that is out of range. */
  constructor(sampler: Sampler, settings: DecodingSettings, score: Score) {
    const { precision = 'float32', largestGap = LARGEST_GAP } = settings;
    if (precision !== 'float32' && precision !== 'int8')
      throw new RangeError(`decoding.precision: got ${String(precision)}, expected float32 or int8`);
    if (!(largestGap >= 0))
      throw new RangeError(`decoding.largestGap: got ${largestGap}, expected at least 0`);
    this.sampler = sampler;
    this.precision = precision;
    this.largestGap = largestGap;
    this.score = score;
  }

  /** See `FrozenEngine.sample`. */
  async sample(
    requests: readonly SampleRequest[],
    params: SamplingParams,
    weightsVersion: number,
    options: SampleOptions = {},
  ): Promise<Sample[][]> {
    const draw = (of: readonly SampleRequest[], precision: SamplingPrecision, to = options) =>
      this.sampler.sample(of, params, weightsVersion, to, precision);
    if (this.precision === 'float32') return await draw(requests, 'float32');
    const { temperature = 1 } = params;
    const before = this.measured.get(temperature);
    if (before?.weightsVersion === weightsVersion) {
      this.latest = before;
      return await draw(requests, this.verdict(before));
    }
    const failedBefore = before !== undefined && this.verdict(before) === 'float32';
    const tried = failedBefore ? trialOf(requests, weightsVersion) : requests;
    const drawn = await draw(tried, this.precision, failedBefore ? { signal: options.signal } : options);
    const gap = await this.gapOf(tried, drawn, weightsVersion);
    // Nothing was decoded: first tokens are float32's own.
    if (gap === undefined) return failedBefore ? await draw(requests, 'float32') : drawn;
    this.latest = { temperature, weightsVersion, gap };
    this.measured.set(temperature, this.latest);
    const verdict = this.verdict(this.latest);
    return verdict === this.precision && !failedBefore ? drawn : await draw(requests, verdict);
  }

  /** The check that the last draw went by, if it was of this version of the weights. */
  report(weightsVersion: number): PrecisionReport | undefined {
    if (this.latest?.weightsVersion !== weightsVersion) return undefined;
    const { gap } = this.latest;
    return { gap, largestGap: this.largestGap, precision: this.verdict(this.latest) };
  }

  weightsChanged(): void {
    this.sampler.weightsChanged();
  }

  dispose(): void {
    this.sampler.dispose();
  }

  /** The checks, for a snapshot: which precision the present weights are sampled with is part of where a run stands. */
  state(): string {
    return JSON.stringify([...this.measured.values()]);
  }

  /** Puts a state back; without one (of a run begun before there were checks), none is known. */
  restore(state = '[]'): void {
    this.measured.clear();
    this.latest = undefined;
    for (const one of JSON.parse(state) as Measured[]) this.measured.set(one.temperature, one);
  }

  private verdict({ gap }: Measured): SamplingPrecision {
    return gap <= this.largestGap ? this.precision : 'float32';
  }

  /** Mean absolute gap over the decoded tokens of a seeded part of the completions; undefined when there are none. */
  private async gapOf(
    requests: readonly SampleRequest[],
    drawn: readonly (readonly Sample[])[],
    weightsVersion: number,
  ): Promise<number | undefined> {
    const all = requests.flatMap(({ prompt }, i) => drawn[i].map((sample) => ({ prompt, sample })));
    const decoded = all.filter(({ sample }) => sample.tokens.length > 1);
    const probe: typeof decoded = [];
    let tokens = 0;
    for (const one of rng(weightsVersion, 'precision probe').shuffle(decoded)) {
      if (probe.length === PROBE_COMPLETIONS || tokens >= PROBE_TOKENS) break;
      probe.push(one);
      tokens += one.prompt.length + one.sample.tokens.length;
    }
    if (probe.length === 0) return undefined;
    const scores = await this.score(probe.map(({ prompt, sample }) => [...prompt, ...sample.tokens]));
    let total = 0;
    let count = 0;
    probe.forEach(({ prompt, sample }, i) => {
      for (let t = 1; t < sample.tokens.length; t++, count++)
        total += Math.abs(sample.logprobs[t] - scores[i][prompt.length + t]);
    });
    return total / count;
  }
}

/** A seeded part of the requests that asks for few completions. */
function trialOf(requests: readonly SampleRequest[], seed: number): SampleRequest[] {
  const chosen = rng(seed, 'precision trial')
    .shuffle([...requests])
    .slice(0, TRIAL_COMPLETIONS);
  const each = Math.ceil(TRIAL_COMPLETIONS / chosen.length);
  return chosen.map((request) => ({ ...request, n: Math.min(request.n, each) }));
}
