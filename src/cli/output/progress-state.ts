/** What a live display knows of a run, as a pure function of what the run said so far. */
import type { Progress, Recipe, TrainEvent } from '../../training/index.ts';

/** A held-out evaluation as displayed. */
export interface ShownScore {
  step: number;
  passAt1: number;
  low: number;
  high: number;
}

/** A stage of the plan; `steps` and `seconds` where the recipe or the run has said them. */
export interface ShownStage {
  name: string;
  steps?: number;
  seconds?: number;
}

/** All times are seconds on the caller's clock. */
export interface ProgressState {
  name: string;
  stages: ShownStage[];
  startedAt: number;
  /** Index of the stage in progress. */
  stage: number;
  stageStep: number;
  /** When the stage was entered in this sitting, and at which of its steps: what the pace is taken from. */
  stageSince: { at: number; step: number };
  phase: Progress['phase'] | 'start';
  /** Tokens sampled in this phase so far. */
  phaseTokens: number;
  reward?: number;
  loss?: number;
  tokensPerSecond?: number;
  scores: ShownScore[];
}

export function initialProgress(
  recipe: Pick<Recipe, 'name'> & {
    stages: readonly Pick<Recipe['stages'][number], 'name' | 'steps' | 'seconds'>[];
  },
  now: number,
): ProgressState {
  return {
    name: recipe.name,
    stages: recipe.stages.map(({ name, steps, seconds }) => ({ name, steps, seconds })),
    startedAt: now,
    stage: 0,
    stageStep: 0,
    stageSince: { at: now, step: 0 },
    phase: 'start',
    phaseTokens: 0,
    scores: [],
  };
}

/** Earlier evaluations of a resumed run. */
export function withScores(state: ProgressState, scores: readonly ShownScore[]): ProgressState {
  return { ...state, scores: [...scores] };
}

/** The state after a recorded event. */
export function afterEvent(state: ProgressState, event: TrainEvent, now: number): ProgressState {
  switch (event.type) {
    case 'stage.started': {
      const { stage, totalSteps } = event.data;
      const stages = state.stages.map((one, i) =>
        i === stage ? { ...one, steps: totalSteps ?? undefined } : one,
      );
      const fresh = { reward: undefined, loss: undefined, tokensPerSecond: undefined };
      return { ...state, ...fresh, stages, stage, stageStep: 0, stageSince: { at: now, step: 0 } };
    }
    case 'step.finished': {
      const { stage, stageStep, metrics } = event.data;
      const resumed = stage !== state.stage || (state.stageStep === 0 && stageStep > 1);
      return {
        ...state,
        stage,
        stageStep,
        stageSince: resumed ? { at: now, step: stageStep } : state.stageSince,
        phaseTokens: 0,
        reward: metrics['reward.mean'],
        loss: metrics.loss,
        tokensPerSecond: metrics['time.tokensPerSecond'],
      };
    }
    case 'evaluation.finished': {
      if (event.data.role !== 'select') return state;
      const { estimate, low, high } = event.data.summary.passAt1;
      return { ...state, scores: [...state.scores, { step: event.step, passAt1: estimate, low, high }] };
    }
    default:
      return state;
  }
}

/** The state after a word on what the run is busy with. */
export function afterProgress(state: ProgressState, { phase, tokens = 0 }: Progress): ProgressState {
  return { ...state, phase, phaseTokens: tokens };
}

/** Seconds until the stage in progress ends; undefined while there is nothing to go by. */
export function stageSecondsLeft(state: ProgressState, now: number): number | undefined {
  const { steps, seconds } = state.stages[state.stage];
  const { at, step } = state.stageSince;
  if (seconds !== undefined) return Math.max(0, seconds - (now - at));
  const done = state.stageStep - step;
  if (steps === undefined || done < 1) return undefined;
  return ((now - at) / done) * Math.max(0, steps - state.stageStep);
}

/** Share of the stage in progress that is done, 0 to 1; undefined where its end is not known. */
export function stageShare(state: ProgressState, now: number): number | undefined {
  const { steps, seconds } = state.stages[state.stage];
  if (steps !== undefined) return steps === 0 ? 1 : Math.min(1, state.stageStep / steps);
  return seconds === undefined ? undefined : Math.min(1, (now - state.stageSince.at) / seconds);
}
