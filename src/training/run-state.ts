/** What a run remembers from step to step, besides the weights: plain JSON, the heart of every snapshot. */
import type { Json } from '../curricula/index.ts';
import type { EvaluationSummary } from './evaluate.ts';
import type { Recipe } from './recipe.ts';

/** The evaluation that chose the best weights so far. */
export interface Best {
  step: number;
  /** The recipe's `selectBy` figure, and the other one to break ties. */
  score: number;
  tie: number;
  summary: EvaluationSummary;
}

export interface RunState {
  recipe: Recipe;
  /** Steps done over all stages. */
  step: number;
  /** Index of the stage in progress, or of the last one when all are done. */
  stage: number;
  stageStep: number;
  stageSeconds: number;
  /** `stage.finished` was told of this stage. */
  stageClosed: boolean;
  /** State of the method and of its curriculum; null before the first step of a stage. */
  method: Json;
  curriculum: Json;
  /** Step of the last evaluation; -1 before the first. */
  evaluatedAt: number;
  evaluated: EvaluationSummary | null;
  best: Best | null;
  /** Measured before training: the report's split where the recipe has one, else the evaluation's. */
  before: EvaluationSummary | null;
  health: Json;
  /** Wall time of all sittings. */
  seconds: number;
}

export function initialState(recipe: Recipe, health: Json): RunState {
  return {
    recipe,
    step: 0,
    stage: 0,
    stageStep: 0,
    stageSeconds: 0,
    stageClosed: false,
    method: null,
    curriculum: null,
    evaluatedAt: -1,
    evaluated: null,
    best: null,
    before: null,
    health,
    seconds: 0,
  };
}

/** Whether an evaluation replaces the best one: by the chosen figure, then the other; of equals the later one is kept. */
export function candidate(
  summary: EvaluationSummary,
  selectBy: 'passAt1' | 'meanScore',
  step: number,
  best: Best | null,
): Best | undefined {
  const other = selectBy === 'passAt1' ? 'meanScore' : 'passAt1';
  const score = summary[selectBy].estimate;
  const tie = summary[other].estimate;
  const better = best === null || score > best.score || (score === best.score && tie >= best.tie);
  return better ? { step, score, tie, summary } : undefined;
}
