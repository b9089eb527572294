import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from './fixtures/schedules.json' with { type: 'json' };
import { learningRate, scheduleSchema } from './schedules.ts';

describe('against transformers', () => {
  it.each(fixture.cases)('$schedule', ({ schedule, rates }) => {
    const checked = scheduleSchema.parse(schedule);
    expect(rates.length).toBe(fixture.totalSteps + 1);
    rates.forEach((rate, step) => {
      expect(learningRate(checked, step, fixture.totalSteps)).toBeCloseTo(rate, 15);
    });
  });
});

describe('learningRate', () => {
  it('rounds a warm-up fraction up to whole steps', () => {
    const of = (step: number) => learningRate({ learningRate: 1, warmupFraction: 0.25 }, step, 10);
    expect([0, 1, 2, 3, 4].map(of)).toEqual([0, 1 / 3, 2 / 3, 1, 1]);
  });

  it('ends at the floor and stays there', () => {
    for (const type of ['linear', 'cosine'] as const) {
      const of = (step: number) => learningRate({ type, learningRate: 2, floor: 0.25 }, step, 8);
      expect([8, 9, 100].map(of)).toEqual([0.5, 0.5, 0.5]);
      expect(of(4)).toBeCloseTo(1.25, 12);
    }
  });

  it('never leaves [0, rate], rises in warm-up and falls after it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('constant', 'linear', 'cosine'),
        fc.nat(20),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(60),
        (type, warmupSteps, floor, total) => {
          const rates = Array.from({ length: total + 5 }, (_, step) =>
            learningRate({ type, learningRate: 0.3, warmupSteps, floor }, step, total),
          );
          rates.forEach((rate, step) => {
            expect(rate).toBeGreaterThanOrEqual(0);
            expect(rate).toBeLessThanOrEqual(0.3 + 1e-15);
            if (step === 0) return;
            const rise = rate - rates[step - 1];
            if (step <= warmupSteps) expect(rise).toBeGreaterThan(0);
            else expect(rise).toBeLessThanOrEqual(1e-15);
          });
        },
      ),
    );
  });

  it('refuses bad counts', () => {
    expect(() => learningRate({ learningRate: 1 }, -1, 5)).toThrow('step is -1');
    expect(() => learningRate({ learningRate: 1 }, 0, 2.5)).toThrow('totalSteps is 2.5');
  });
});

describe('scheduleSchema', () => {
  it('fills in defaults', () => {
    expect(scheduleSchema.parse({ learningRate: 1e-3 })).toEqual({
      type: 'constant',
      learningRate: 1e-3,
      floor: 0,
    });
  });

  it.each([
    [{ learningRate: 0 }, /learningRate/],
    [{ learningRate: 1, type: 'step' }, /type/],
    [{ learningRate: 1, warmupSteps: 1.5 }, /warmupSteps/],
    [{ learningRate: 1, warmupSteps: 1, warmupFraction: 0.1 }, /not both/],
    [{ learningRate: 1, floor: 2 }, /floor/],
    [{ learningRate: 1, warmup: 3 }, /warmup/],
  ])('refuses %j', (schedule, message) => {
    expect(() => scheduleSchema.parse(schedule)).toThrow(message);
  });
});
