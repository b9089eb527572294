/** Learning-rate schedules: constant, linear and cosine, with warm-up and a floor. */
import { z } from 'zod';

/** Settings of a learning-rate schedule. */
export const scheduleSchema = z
  .strictObject({
    type: z.enum(['constant', 'linear', 'cosine']).default('constant'),
    /** The rate at the end of warm-up, above 0. */
    learningRate: z.number().positive(),
    /** Steps of linear warm-up from 0. Give this or `warmupFraction`. */
    warmupSteps: z.int().min(0).optional(),
    /** Warm-up as a share of all steps, in [0, 1], rounded up to whole steps. */
    warmupFraction: z.number().min(0).max(1).optional(),
    /** Rate at the end of decay as a share of `learningRate`, in [0, 1]; a constant schedule has none. */
    floor: z.number().min(0).max(1).default(0),
  })
  .refine((s) => s.warmupSteps === undefined || s.warmupFraction === undefined, {
    path: ['warmupFraction'],
    message: 'give warmupSteps or warmupFraction, not both',
  });

/** A schedule as written in a recipe, defaults not yet filled in. */
export type ScheduleInput = z.input<typeof scheduleSchema>;
export type Schedule = z.output<typeof scheduleSchema>;

/**
 * Learning rate of the step after `step` completed ones (0-based), of `totalSteps`. The values are those of
 * transformers' `get_scheduler` ('constant_with_warmup', 'linear', 'cosine', 'cosine_with_min_lr'), so the first of W
 * warm-up steps has rate 0 and step W has the full rate:
 *
 *     step < W:  rate · step / W
 *     else:      rate · (floor + (1 - floor) · f(p)),  p = (step - W) / (totalSteps - W),
 *                f = 1 (constant), 1 - p (linear), (1 + cos πp) / 2 (cosine; Loshchilov and Hutter 2017, eq. 5)
 *
 * Steps beyond the last keep the last rate. Throws a RangeError unless both counts are integers of at least 0.
 */
export function learningRate(schedule: ScheduleInput, step: number, totalSteps: number): number {
  for (const [name, value] of [
    ['step', step],
    ['totalSteps', totalSteps],
  ] as const) {
    if (!Number.isInteger(value) || value < 0) {
      throw new RangeError(`learningRate: ${name} is ${value}, expected an integer of at least 0`);
    }
  }
  const { type = 'constant', learningRate: rate, warmupSteps, warmupFraction = 0, floor = 0 } = schedule;
  const warmup = warmupSteps ?? Math.ceil(warmupFraction * totalSteps);
  if (step < warmup) return (rate * step) / warmup;
  if (type === 'constant') return rate;
  const progress = Math.min(1, (step - warmup) / Math.max(1, totalSteps - warmup));
  const factor = type === 'linear' ? 1 - progress : 0.5 * (1 + Math.cos(Math.PI * progress));
  return rate * (floor + (1 - floor) * factor);
}
