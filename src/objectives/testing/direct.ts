/** For tests: every objective once more, as a loop over plain float64 numbers, token by token. */
import type { z } from 'zod';
import type { objectiveSchema } from '../registry.ts';
import type { Batch } from './evaluate.ts';

type Config = z.output<typeof objectiveSchema>;
type Nft = Extract<Config, { name: 'nft' }>;
type OneToken = Extract<Config, { name: 'one-token-rollout' }>;
type Preference = Extract<Config, { name: 'preference' }>;
type Clipped = Extract<Config, { name: 'grpo' | 'ppo-clip' }>;

/** The loss. `frozen` are the log-probabilities that stop-gradients see, so that finite differences move the rest only. */
export function directLoss(config: Config, batch: Batch, frozen: number[][]): number {
  let loss = 0;
  batch.mask.forEach((row, i) => {
    const tokens = row.flatMap((m, t) => (m > 0 ? [t] : []));
    for (const t of tokens) loss += batch.weight[i][t] * tokenLoss(config, batch, frozen, i, t, tokens);
  });
  return loss;
}

function tokenLoss(
  config: Config,
  batch: Batch,
  frozen: number[][],
  i: number,
  t: number,
  tokens: number[],
): number {
  const logp = batch.logprobs[i][t];
  if (config.name === 'cross-entropy') return -logp;
  if (config.name === 'dynamic-fine-tuning') return -Math.exp(frozen[i][t]) * logp;
  if (config.name === 'one-token-rollout') return directOneToken(config, batch, frozen, i, t);
  const at = (name: string, u = t) => batch.data[name][i][u];
  if (config.name === 'preference') {
    const lossAt = (logprobs: number[][]) => {
      const logRatio = tokens.reduce((s, u) => s + logprobs[i][u] - at('referenceLogprobs', u), 0);
      return directPreference(config, at('side') * (logRatio - at('partnerLogRatio')));
    };
    return 2 * lossAt(batch.logprobs) - lossAt(frozen);
  }
  const advantage = at('advantages');
  const level = config.name === 'grpo' ? config.ratio : 'token';
  const ratio = () => directRatio(batch, frozen, i, t, tokens, level);
  let loss: number;
  if (config.name === 'reinforce') loss = -advantage * logp;
  else if (config.name === 'nft') loss = directNft(config, advantage, logp, frozen[i][t], at('oldLogprobs'));
  else {
    const low = config.clipLow === undefined ? 0 : 1 - config.clipLow;
    const bounded = (r: number) => Math.min(Math.max(r, low), 1 + config.clipHigh);
    if (config.name === 'cispo')
      loss = -bounded(Math.exp(frozen[i][t] - at('oldLogprobs'))) * advantage * logp;
    else loss = clippedLoss(config, ratio(), bounded(ratio()), advantage);
    if (config.truncatedImportance !== undefined)
      loss *= Math.min(Math.exp(at('oldLogprobs') - at('samplerLogprobs')), config.truncatedImportance);
  }
  if (config.name === 'ppo-clip')
    loss += config.valueCoefficient * directValueLoss(config.valueClip, batch, i, t);
  if (config.kl) {
    const d = at('referenceLogprobs') - logp;
    const kl = { k1: -d, k2: d ** 2 / 2, k3: Math.exp(d) - 1 - d }[config.kl.estimator];
    loss += config.kl.coefficient * kl * (config.kl.importanceWeighted ? ratio() : 1);
  }
  if (config.entropyCoefficient > 0)
    loss -= config.entropyCoefficient * (batch.entropy?.[i][t] ?? Number.NaN);
  return loss;
}

/** OTR's token loss: rewards of candidates that hit and that miss, drawn or in expectation. */
function directOneToken(config: OneToken, batch: Batch, frozen: number[][], i: number, t: number): number {
  const { wrongReward, expectationTemperature: temperature } = config;
  const candidates = batch.candidates?.[i][t] ?? [];
  const raw = candidates.map((x) => (temperature === undefined ? 1 : Math.exp(x / temperature)));
  const total = raw.reduce((a, b) => a + b, 0);
  const hits =
    temperature === undefined ? batch.data.hits[i][t] : Math.exp(frozen[i][t] / temperature) / total;
  const all = candidates.reduce((sum, x, k) => sum + (raw[k] / total) * x, 0);
  return -(1 - wrongReward) * hits * batch.logprobs[i][t] - wrongReward * all;
}

/** NFT's token loss; below the floor the value stays put and the gradient is that of x over the floored value. */
function directNft(config: Nft, advantage: number, logp: number, frozen: number, old: number): number {
  if (advantage === 0) return 0;
  const rate = Math.min(Math.max(advantage > 0 ? 1 - advantage : -advantage, 0.02), 0.98);
  const weight = {
    'failure-rate': 1 - rate,
    'inverse-odds-root': Math.sqrt((1 - rate) / rate),
    uniform: 1,
  }[config.questionWeight];
  if (advantage > 0) return -weight * (logp - old);
  const x = (at: number) => (1 - rate * Math.exp(Math.min(at - old, 10))) / (1 - rate);
  const floored = Math.max(x(frozen), config.floor);
  return -weight * config.negativeWeight * (Math.log(floored) + (x(logp) - x(frozen)) / floored);
}

function directPreference({ loss, beta }: Preference, margin: number): number {
  return loss === 'sigmoid' ? Math.log1p(Math.exp(-beta * margin)) : (margin - 1 / (2 * beta)) ** 2;
}

function clippedLoss(config: Clipped, ratio: number, bounded: number, advantage: number): number {
  const gain = Math.min(ratio * advantage, bounded * advantage);
  if (config.dualClip === undefined || advantage >= 0) return -gain;
  return -Math.max(gain, config.dualClip * advantage);
}

function directRatio(
  batch: Batch,
  frozen: number[][],
  i: number,
  t: number,
  tokens: number[],
  level: string,
): number {
  const old = batch.data.oldLogprobs[i];
  if (level === 'token') return Math.exp(batch.logprobs[i][t] - old[t]);
  const total = (row: number[]) => tokens.reduce((s, u) => s + row[u] - old[u], 0);
  if (level === 'sequence-product') return Math.exp(total(batch.logprobs[i]));
  if (level === 'sequence') return Math.exp(total(batch.logprobs[i]) / tokens.length);
  return Math.exp(total(frozen[i]) / tokens.length) * Math.exp(batch.logprobs[i][t] - frozen[i][t]);
}

function directValueLoss(bound: number | undefined, batch: Batch, i: number, t: number): number {
  const value = batch.values?.[i][t] ?? Number.NaN;
  const target = batch.data.returns[i][t];
  if (bound === undefined) return (value - target) ** 2 / 2;
  const old = batch.data.oldValues[i][t];
  const moved = old + Math.min(Math.max(value - old, -bound), bound);
  return Math.max((value - target) ** 2, (moved - target) ** 2) / 2;
}
