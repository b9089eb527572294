/** The time left, worked out by hand. */
import { describe, expect, it } from 'vitest';
import { afterEvent, type HarnessState, initialState, secondsLeft } from './eta.ts';
import type { HarnessEvent } from './harness.ts';
import type { StoredResult } from './results.ts';

const arm = (name: string, seed: number): HarnessEvent => ({
  type: 'planned',
  id: `${name}/${seed}`,
  work: { kind: 'arm', arm: name, seed },
});

function stateAfter(events: [at: number, HarnessEvent][]): HarnessState {
  return events.reduce((state, [at, event]) => afterEvent(state, event, at), initialState);
}

describe('secondsLeft', () => {
  const planned: [number, HarnessEvent][] = [arm('a', 1), arm('a', 2), arm('b', 1)].map((event) => [
    0,
    event,
  ]);

  it('goes by what was declared until something is known', () => {
    expect(secondsLeft(stateAfter(planned), 0, 1, 60)).toBe(180);
    expect(secondsLeft(stateAfter(planned), 0, 2, 60)).toBe(90);
  });

  it('goes by finished arms of the kind, and by the pace of those at work', () => {
    const events: [number, HarnessEvent][] = [
      ...planned,
      [0, { type: 'started', id: 'a/1' }],
      [10, { type: 'finished', id: 'a/1' }],
      [10, { type: 'started', id: 'a/2' }],
    ];
    expect(secondsLeft(stateAfter(events), 12, 1, 60)).toBe(8 + 10);
    const paced: [number, HarnessEvent][] = [
      ...events,
      [11, { type: 'progress', id: 'a/2', share: 0.5 }],
      [13, { type: 'progress', id: 'a/2', share: 0.75 }],
    ];
    // Half was there from an earlier sitting: 0.25 in 3 seconds, so 0.25 takes 3 more.
    expect(secondsLeft(stateAfter(paced), 13, 1, 60)).toBe(3 + 10);
  });

  it('goes by arms kept from earlier sittings, and is never less than the longest', () => {
    const result = { seconds: 40 } as StoredResult;
    const state = stateAfter([[0, { type: 'kept', id: 'b/9', result, stale: false }], ...planned]);
    expect(state.kept).toBe(1);
    expect(secondsLeft(state, 0, 1, 60)).toBe(40 + 40 + 40);
    const alone = stateAfter([
      [0, { type: 'kept', id: 'b/9', result, stale: false }],
      [0, arm('b', 1)],
    ]);
    expect(secondsLeft(alone, 0, 8, 60)).toBe(40);
  });

  it('counts nothing for what failed or was skipped', () => {
    const events: [number, HarnessEvent][] = [
      ...planned,
      [1, { type: 'failed', id: 'a/1', message: '' }],
      [1, { type: 'skipped', id: 'a/2', because: 'a/1' }],
    ];
    expect(secondsLeft(stateAfter(events), 1, 1, 60)).toBe(60);
  });
});
