/** Floors, long runs and warm-up as a share, against transformers' schedulers (python/fixtures/schedules_more.py). */
import { describe, expect, it } from 'vitest';
import fixture from './fixtures/schedules-more.json' with { type: 'json' };
import { learningRate, scheduleSchema } from './schedules.ts';
import { largestGap } from './testing/fixtures.ts';

describe('further schedules, against transformers', () => {
  it.each(fixture.cases)('$schedule over $totalSteps steps', ({ schedule, totalSteps, rates }) => {
    const checked = scheduleSchema.parse(schedule);
    expect(rates).toHaveLength(totalSteps + 1);
    const ours = rates.map((_, step) => learningRate(checked, step, totalSteps) / schedule.learningRate);
    const theirs = rates.map((rate) => rate / schedule.learningRate);
    expect(largestGap(ours, theirs)).toBeLessThan(1e-12);
  });
});
