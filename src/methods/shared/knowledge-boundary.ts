/** Which questions lie beyond what a stage's starting weights know, found by asking them many times. */
import { z } from 'zod';
import type { Json } from '../../curricula/index.ts';
import type { SamplingParams } from '../../engine/index.ts';
import type { MethodContext, StepContext } from '../../training/index.ts';
import type { Task } from '../../types/index.ts';
import { successRates } from './success-rates.ts';

export const probingOptions = {
  /** Attempts of the starting weights at each training question. */
  probes: z.int().min(1).default(256),
  /** Sampling temperature of these attempts. */
  probeTemperature: z.number().gt(0).default(1),
};

export interface ProbingConfig {
  probes: number;
  probeTemperature: number;
}

export interface KnowledgeBoundary {
  /** For each task, whether none of the attempts was right. Tasks are asked once; later calls remember them. */
  beyond(tasks: readonly Task[], step: StepContext): Promise<boolean[]>;
  state(): Json;
  restore(state: Json): void;
}

/**
 * Asks `context.reference`, the weights of the stage's start, `probes` times about each task when it first comes up: a task that
 * is never answered with a score of 1 is beyond the boundary (Wei et al. 2025, "TruthRL", out-of-knowledge questions, 256
 * attempts). What is found does not depend on the step, nor on the other tasks. Throws an Error where the method asked for no
 * reference.
 */
export function knowledgeBoundary(
  { probes, probeTemperature }: ProbingConfig,
  context: MethodContext,
  sampling: SamplingParams,
): KnowledgeBoundary {
  const known = new Map<string, number>();
  return {
    async beyond(tasks, step) {
      const { reference: engine, tokenizer, environment, seed, stage } = context;
      if (engine === undefined)
        throw new Error('knowledge boundary: the method asked for no reference, but needs one');
      const fresh = [...new Map(tasks.map((task) => [task.id, task])).values()].filter(
        ({ id }) => !known.has(id),
      );
      const { rates } = await successRates({
        engine,
        tokenizer,
        grader: environment.grader,
        tasks: fresh,
        samples: probes,
        sampling: { ...sampling, temperature: probeTemperature },
        passThreshold: 1,
        seed,
        path: ['knowledge boundary', stage],
        signal: step.signal,
        onTime: step.onTime,
      });
      fresh.forEach(({ id }, i) => {
        known.set(id, rates[i]);
      });
      return tasks.map(({ id }) => known.get(id) === 0);
    },
    state: (): Json => Object.fromEntries(known),
    restore(state) {
      known.clear();
      for (const [id, rate] of Object.entries((state ?? {}) as Record<string, number>)) known.set(id, rate);
    },
  };
}
