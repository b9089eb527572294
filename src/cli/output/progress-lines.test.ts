import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { progressLine, progressLines } from './progress-lines.ts';
import { initialProgress, type ProgressState } from './progress-state.ts';
import { columns, styleFor } from './style.ts';

const coloured = styleFor({ isTTY: true }, {});

const recipe = {
  name: 'countdown',
  stages: [{ name: 'supervised', steps: 400 }, { name: 'reinforcement' }],
};

const running: ProgressState = {
  ...initialProgress(recipe, 100),
  stageStep: 120,
  stageSince: { at: 100, step: 0 },
  phase: 'sample',
  phaseTokens: 4321,
  reward: 0.3123,
  loss: 0.0123,
  tokensPerSecond: 12_345,
  scores: [
    { step: 0, passAt1: 0.201, low: 0.18, high: 0.22 },
    { step: 50, passAt1: 0.25, low: 0.2, high: 0.3 },
    { step: 100, passAt1: 0.3125, low: 0.28, high: 0.345 },
  ],
};

describe('progressLines', () => {
  it('shows stage, steps, ETA, reward, loss, speed and the held-out score at 80 columns', () => {
    expect(progressLines(running, { now: 160, width: 80 })).toEqual([
      'countdown  supervised (1/2)  step 120/400  stage ETA 2 m 20 s',
      '1 m 0 s  reward 0.312  loss 0.012  12.3k tokens/s  sampling 4.32k tokens',
      'held-out pass@1  31.3% [28.0, 34.5]  ▁▄█  from 20.1%',
    ]);
  });

  it('shows the bar where there is room', () => {
    const state = { ...running, name: 'g2p', stages: [{ name: 'grpo', steps: 400 }] };
    const [first] = progressLines(state, { now: 160, width: 80 });
    expect(first).toBe('g2p  grpo  step 120/400  ETA 2 m 20 s  ━━━━━━────────────── 30%');
  });

  it('says so before anything is known', () => {
    expect(progressLines(initialProgress(recipe, 0), { now: 0, width: 80 })).toEqual([
      'countdown  supervised (1/2)  step 0/400  ──────────────────── 0%',
      '0 s  starting…',
      'held-out pass@1: not measured yet',
    ]);
  });

  it('never exceeds the width, coloured or not', () => {
    const figure = fc.double({ noDefaultInfinity: true });
    const state: fc.Arbitrary<ProgressState> = fc.record({
      name: fc.string({ unit: 'grapheme-ascii', maxLength: 60 }),
      stages: fc.array(
        fc.record(
          {
            name: fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
            steps: fc.nat(),
            seconds: fc.double({ min: 1, max: 1e6, noNaN: true }),
          },
          { requiredKeys: ['name'] },
        ),
        { minLength: 1, maxLength: 4 },
      ),
      startedAt: fc.constant(0),
      stage: fc.constant(0),
      stageStep: fc.nat(),
      stageSince: fc.record({ at: fc.double({ min: 0, max: 1e4, noNaN: true }), step: fc.nat() }),
      phase: fc.constantFrom('start', 'sample', 'evaluate', 'snapshot'),
      phaseTokens: fc.nat(),
      reward: figure,
      loss: figure,
      tokensPerSecond: fc.double({ min: 0, max: 1e9, noNaN: true }),
      scores: fc.array(fc.record({ step: fc.nat(), passAt1: figure, low: figure, high: figure })),
    });
    fc.assert(
      fc.property(state, fc.integer({ min: 40, max: 120 }), (given, width) => {
        for (const style of [undefined, coloured]) {
          const options = { now: 12_345, width, style };
          for (const line of [...progressLines(given, options), progressLine(given, options)])
            expect(columns(line)).toBeLessThanOrEqual(width);
        }
      }),
    );
  });
});

describe('progressLine', () => {
  it('is one plain line for a log', () => {
    expect(progressLine(running, { now: 160, width: 120 })).toBe(
      '[1 m 0 s]  supervised (1/2)  step 120/400  reward 0.312  held-out 31.3% [28.0, 34.5]  12.3k tokens/s  stage ETA 2 m 20 s',
    );
  });
});
