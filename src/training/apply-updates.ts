/** Does a step's updates, and refuses attempts that are too old to learn from. */
import type { Engine } from '../engine/index.ts';
import type { Group } from '../types/index.ts';
import type { Update } from './method.ts';
import type { UpdateFigures } from './metrics.ts';
import type { Stage } from './recipe.ts';

/** Each update in order: gradients of its batches added up, then optimiser step with the stage's settings unless the update has its own. */
export async function applyUpdates(
  engine: Engine,
  stage: Stage,
  updates: readonly Update[],
  learningRate: number,
): Promise<UpdateFigures[]> {
  const { beta1, beta2, epsilon, weightDecay, maxGradNorm } = stage;
  const settings = {
    learningRate,
    beta1,
    beta2,
    epsilon,
    weightDecay,
    maxGradNorm: maxGradNorm > 0 ? maxGradNorm : undefined,
  };
  const figures: UpdateFigures[] = [];
  for (const { batch, objective, also = [], optim } of updates) {
    const result = await engine.forwardBackward(batch, objective);
    for (const further of also) {
      const { loss, metrics } = await engine.forwardBackward(further.batch, further.objective);
      result.loss += loss;
      result.metrics = { ...metrics, ...result.metrics };
    }
    const { gradNorm, skipped } = await engine.optimStep({ ...settings, ...optim });
    figures.push({ result, gradNorm, skipped });
  }
  return figures;
}

/** Throws when an attempt was made by weights more than `maxStaleness` versions before the engine's. */
export function refuseStale(groups: readonly Group[], version: number, maxStaleness: number): void {
  for (const { task, trajectories } of groups)
    for (const { weightsVersion } of trajectories)
      if (version - weightsVersion > maxStaleness)
        throw new Error(
          `task ${task.id}: an attempt was made by weights version ${weightsVersion}, the engine is at ${version}; the method allows a lag of ${maxStaleness}`,
        );
}
