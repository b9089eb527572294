/** What is sampled under a constraint follows it, and its log-probabilities stay the model's own. */
import { expect, it } from 'vitest';
import { largestGap } from '../nn/testing/fixtures.ts';
import { crossEntropy } from '../objectives/index.ts';
import { constrained, type TokenConstraint } from './index.ts';
import { randomBatch, randomTokens, tinyEngine, VOCABULARY } from './testing/engines.ts';

const END = 1;
/** Token t of a completion leaves this when divided by 3; after the sixth it may end and nothing else. */
const LENGTH = 6;
const fits = (token: number, t: number) => (t >= LENGTH ? token === END : token > 1 && token % 3 === t % 3);

class Pattern implements TokenConstraint {
  static open = 0;
  ready: Promise<void> = Promise.resolve();
  private t = 0;
  private mask = maskAt(0);
  private disposed = false;

  constructor() {
    Pattern.open++;
  }

  allowed(): Int32Array {
    return this.mask;
  }

  accept(token: number): void {
    expect(fits(token, this.t)).toBe(true);
    this.t++;
    // Whoever does not wait meets the mask of the token before.
    this.ready = Promise.resolve().then(() => {
      this.mask = maskAt(this.t);
    });
  }

  dispose(): void {
    if (!this.disposed) Pattern.open--;
    this.disposed = true;
  }
}

function maskAt(t: number): Int32Array {
  const mask = new Int32Array(Math.ceil(VOCABULARY / 32));
  for (let token = 0; token < VOCABULARY; token++) if (fits(token, t)) mask[token >> 5] |= 1 << (token & 31);
  return mask;
}

const requests = [5, 9, 16].map((length, i) => ({
  prompt: randomTokens(length, 'constrained', i),
  n: 1 + i,
  seed: i,
}));
const params = { maxTokens: 12, stopTokens: [END] };

it.each([{ temperature: 1 }, { temperature: 0.5, topP: 0.9 }, { temperature: 0 }])(
  'samples follow it, at %j',
  async (settings) => {
    const plain = await tinyEngine('llama');
    const engine = constrained(plain, async () => new Pattern());
    const samples = (await engine.sample(requests, { ...params, ...settings })).flat();
    expect(samples.length).toBe(6);
    for (const { tokens } of samples) {
      expect(tokens.length).toBe(LENGTH + 1);
      expect(tokens.every(fits)).toBe(true);
    }
    expect(Pattern.open).toBe(0);
    const prompts = requests.flatMap(({ prompt, n }) => new Array<number[]>(n).fill(prompt));
    const { logprobs } = await engine.forward(samples.map(({ tokens }, i) => [...prompts[i], ...tokens]));
    samples.forEach((sample, i) => {
      expect(largestGap(sample.logprobs, logprobs[i].subarray(prompts[i].length))).toBeLessThan(1e-4);
    });
    plain.dispose();
  },
);

it('it is the same engine, and its forks follow the constraint too', async () => {
  const plain = await tinyEngine('llama');
  const engine = constrained(plain, async () => new Pattern());
  const fork = engine.fork();
  const before = plain.weightsVersion;
  await engine.forwardBackward(randomBatch([5, 8]), crossEntropy());
  await engine.optimStep({ learningRate: 0.1 });
  expect([plain.weightsVersion, engine.weightsVersion, fork.weightsVersion]).toEqual([
    before + 1,
    before + 1,
    before,
  ]);
  const [[sample]] = await engine.sample(requests.slice(0, 1), params);
  expect(sample.weightsVersion).toBe(before + 1);
  const [[other]] = await fork.sample(requests.slice(0, 1), params);
  expect([sample, other].every(({ tokens }) => tokens.every(fits))).toBe(true);
  const [[free]] = await plain.sample(requests.slice(0, 1), params);
  expect(free.tokens.every(fits)).toBe(false);
  fork.dispose();
  plain.dispose();
});

it('ends with the call, also where that fails', async () => {
  const plain = await tinyEngine('llama');
  const engine = constrained(plain, async () => new Pattern());
  const stop = new AbortController();
  const sampling = engine.sample(requests, params, {
    signal: stop.signal,
    onTokens: () => stop.abort(new Error('enough')),
  });
  await expect(sampling).rejects.toThrow('enough');
  expect(Pattern.open).toBe(0);
  plain.dispose();
});
