/** GRPO's relatives as the choices that tell them apart: data, not code. */
import { definePreset } from '../../training/index.ts';
import { grpo } from './method.ts';

/** No division by length or by the group's deviation: neither favours long wrong answers nor easy or hard tasks. */
export const drGrpo = definePreset(grpo, {
  name: 'dr-grpo',
  title: 'GRPO done right: unbiased lengths and difficulties',
  paper: {
    title: 'Understanding R1-Zero-Like Training: A Critical Perspective',
    year: 2025,
    source: 'arXiv 2503.20783',
  },
  defaults: { normalise: 'none', aggregation: 'constant-length' },
});

/** Clip-higher, dynamic sampling, token-level loss and overlong shaping. */
export const dapo = definePreset(grpo, {
  name: 'dapo',
  title: 'Decoupled clip and dynamic sampling',
  paper: {
    title: 'DAPO: An Open-Source LLM Reinforcement Learning System at Scale',
    year: 2025,
    source: 'arXiv 2503.14476',
  },
  defaults: { clipHigh: 0.28, dynamicSampling: true, aggregation: 'token-mean', overlong: 'penalty' },
});

/** Ratios of whole sequences, clipped tightly. */
export const gspo = definePreset(grpo, {
  name: 'gspo',
  title: 'Group sequence policy optimisation',
  paper: { title: 'Group Sequence Policy Optimization', year: 2025, source: 'arXiv 2507.18071' },
  defaults: { ratio: 'sequence', clipLow: 3e-4, clipHigh: 4e-4 },
});

/** Clips importance weights instead of dropping tokens; not clipped from below (1 - clipLow = 0). */
export const cispoMethod = definePreset(grpo, {
  name: 'cispo',
  title: 'Clipped importance-sampling weights',
  paper: {
    title: 'MiniMax-M1: Scaling Test-Time Compute Efficiently with Lightning Attention',
    year: 2025,
    source: 'arXiv 2506.13585',
  },
  defaults: { surrogate: 'cispo', clipLow: 1, clipHigh: 0.28, aggregation: 'token-mean' },
});
