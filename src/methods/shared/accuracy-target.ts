/** Ends what a method does when held-out accuracy reaches a target: methods compared at equal success. */
import type { Json } from '../../curricula/index.ts';
import { evaluate, type Method } from '../../training/index.ts';

export interface AccuracyTarget {
  /** Share of passing attempts at validation tasks that ends learning, in (0, 1]. */
  target: number;
  /** Steps between looks, the first before the first step. */
  every: number;
  /** Validation tasks and attempts at each, sampled as the recipe says. */
  tasks: number;
  samples: number;
}

interface Progress {
  learned: number;
  reached: boolean;
  inner: Json;
}

/**
 * The method, which learns nothing more in a stage once a look at the validation split reaches the target. The metric
 * `target.steps` counts the steps that learned, and `target.accuracy` is the latest look's. Throws a RangeError for a target
 * outside (0, 1].
 */
export function withAccuracyTarget(
  method: Method,
  { target, every, tasks, samples }: AccuracyTarget,
): Method {
  if (!(target > 0 && target <= 1))
    throw new RangeError(`withAccuracyTarget: target is ${target}, expected above 0 and at most 1`);
  return {
    ...method,
    create(config, context) {
      const instance = method.create(config, context);
      const { engine, tokenizer, environment, sampling, seed } = context;
      let learned = 0;
      let reached = false;
      const look = async (step: number, signal: AbortSignal) => {
        const parts = { engine, tokenizer, environment, sampling, signal };
        const { summary } = await evaluate({
          ...parts,
          split: 'validation',
          tasks,
          samples,
          seed: seed + step,
        });
        return summary.passAt1.estimate;
      };
      return {
        ...instance,
        async step(step) {
          const metrics: Record<string, number> = {};
          if (!reached && (step.stageStep - 1) % every === 0) {
            metrics['target.accuracy'] = await look(step.step, step.signal);
            reached = metrics['target.accuracy'] >= target;
          }
          if (reached) return { updates: [], metrics: { ...metrics, 'target.steps': learned } };
          const made = await instance.step(step);
          learned++;
          return { ...made, metrics: { ...made.metrics, ...metrics, 'target.steps': learned } };
        },
        state: () => ({ learned, reached, inner: instance.state() }),
        restore(state) {
          const known = state as unknown as Progress;
          learned = known.learned;
          reached = known.reached;
          instance.restore(known.inner);
        },
      };
    },
  };
}
