/** Group relative policy optimisation and its relatives: one clipped surrogate, without a critic. */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import { clipOptions, clippedSurrogate } from './parts/clipped-surrogate.ts';
import { ratioLevel } from './parts/ratio.ts';
import { regulariserOptions, regularisers } from './parts/regularisers.ts';
import { composeObjective } from './parts/term.ts';
import { truncatedImportance, truncatedImportanceOption } from './parts/truncated-importance.ts';

export const grpoOptions = z.strictObject({
  ...clipOptions,
  /** What the importance ratio compares: tokens (GRPO, DAPO) or sequences (GSPO, RLOO off policy). */
  ratio: ratioLevel.default('token'),
  ...regulariserOptions,
  ...truncatedImportanceOption,
});

/**
 * loss = Σ weight · [ - min(r A, clip(r, 1 - clipLow, 1 + clipHigh) A) + β KL(π‖π_ref) - c H ]
 *
 * Reads `advantages`, `oldLogprobs`, and `referenceLogprobs` with kl. The papers differ in four choices, of which two are
 * options here (clip, ratio) and two are made before: advantages (`groupAdvantages`) and weights (`lossWeights`).
 *
 * | paper | clipLow, clipHigh | ratio | advantages divided by | weights |
 * |---|---|---|---|---|
 * | GRPO: Shao et al. 2024, "DeepSeekMath", eq. 3 | 0.2, 0.2 | token | group's std | sequence-mean |
 * | Dr. GRPO: Liu et al. 2025, "Understanding R1-Zero-Like Training", §3.2 | 0.2, 0.2 | token | none | constant-length |
 * | DAPO: Yu et al. 2025, "DAPO", eq. 8 (and uninformative groups resampled) | 0.2, 0.28 | token | group's std | token-mean |
 * | GSPO: Zheng et al. 2025, "Group Sequence Policy Optimization", eq. 5 | 3e-4, 4e-4 | sequence | group's std | sequence-mean |
 * | GSPO-token: the same, eq. 13 | 3e-4, 4e-4 | sequence-token | group's std, any by token | sequence-mean |
 */
export function grpo(options: z.input<typeof grpoOptions> = {}): Objective {
  const parsed = grpoOptions.parse(options);
  return composeObjective('grpo', parsed, [
    truncatedImportance(clippedSurrogate(parsed, parsed.ratio), parsed.truncatedImportance),
    ...regularisers(parsed, parsed.ratio),
  ]);
}
