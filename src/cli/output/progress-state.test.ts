import { describe, expect, it } from 'vitest';
import type { EvaluationSummary, TrainEvent } from '../../training/index.ts';
import {
  afterEvent,
  afterProgress,
  initialProgress,
  stageSecondsLeft,
  stageShare,
} from './progress-state.ts';

const recipe = { name: 'x', stages: [{ name: 'a' }, { name: 'b', seconds: 60 }] };
const time = '2026-01-01T00:00:00Z';

const started = (stage: number, totalSteps: number | null): TrainEvent => ({
  type: 'stage.started',
  step: 0,
  time,
  data: { stage, name: 'a', method: 'grpo', totalSteps },
});
const step = (stage: number, stageStep: number, metrics: Record<string, number> = {}): TrainEvent => ({
  type: 'step.finished',
  step: stageStep,
  time,
  data: { stage, stageStep, metrics },
});

describe('progress of a run', () => {
  it('takes the ETA from the pace of the stage', () => {
    let state = afterEvent(initialProgress(recipe, 0), started(0, 10), 5);
    expect(stageSecondsLeft(state, 6)).toBeUndefined();
    state = afterEvent(state, step(0, 1), 7);
    state = afterEvent(state, step(0, 2), 9);
    expect(stageSecondsLeft(state, 9)).toBe(16);
    expect(stageShare(state, 9)).toBe(0.2);
  });

  it('does not count the steps before a resume into the pace', () => {
    let state = afterEvent(initialProgress(recipe, 0), step(0, 101), 10);
    state = { ...state, stages: [{ name: 'a', steps: 111 }, state.stages[1]] };
    expect(stageSecondsLeft(state, 10)).toBeUndefined();
    expect(stageSecondsLeft(afterEvent(state, step(0, 106), 20), 20)).toBe(10);
  });

  it('counts down stages with a time limit', () => {
    const state = afterEvent(initialProgress(recipe, 0), started(1, null), 100);
    expect(stageSecondsLeft(state, 115)).toBe(45);
    expect(stageShare(state, 115)).toBe(0.25);
  });

  it('keeps what the last step said, and forgets it with the next stage', () => {
    const metrics = { 'reward.mean': 0.5, loss: 2, 'time.tokensPerSecond': 100 };
    let state = afterEvent(initialProgress(recipe, 0), step(0, 1, metrics), 1);
    expect(state).toMatchObject({ reward: 0.5, loss: 2, tokensPerSecond: 100, stageStep: 1 });
    state = afterEvent(state, started(1, 5), 2);
    expect(state).toMatchObject({ reward: undefined, loss: undefined, stage: 1, stageStep: 0 });
  });

  it('collects held-out scores of selecting evaluations only', () => {
    const passAt1 = { estimate: 0.5, low: 0.4, high: 0.6 };
    const evaluation = (role: 'select' | 'report'): TrainEvent => ({
      type: 'evaluation.finished',
      step: 7,
      time,
      data: { role, best: false, summary: { passAt1 } as EvaluationSummary },
    });
    let state = afterEvent(initialProgress(recipe, 0), evaluation('select'), 1);
    state = afterEvent(state, evaluation('report'), 2);
    expect(state.scores).toEqual([{ step: 7, passAt1: 0.5, low: 0.4, high: 0.6 }]);
  });

  it('notes what the run is busy with', () => {
    const state = afterProgress(initialProgress(recipe, 0), {
      phase: 'sample',
      step: 1,
      stage: 0,
      tokens: 9,
    });
    expect(state).toMatchObject({ phase: 'sample', phaseTokens: 9 });
  });
});
