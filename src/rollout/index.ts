/** Sampling sessions: from tasks to graded groups of trajectories, and from prefixes to what may come of them. */
export { type AnytimeResult, type AnytimeTrace, anytimePoints, anytimeTraces } from './anytime.ts';
export { type Branch, type BranchOptions, sampleBranches } from './branches.ts';
export { type EpisodeEnds, episodeEnds } from './episode-ends.ts';
export { feedbackTokens } from './feedback.ts';
export { gradeTrajectories } from './grade-trajectories.ts';
export {
  estimateSuccess,
  type MetaProverOptions,
  type SuccessEstimate,
  type SuccessEstimates,
  type ThoughtPrefix,
} from './meta-prover.ts';
export { type OneTokenDraws, type OneTokenOptions, oneTokenDraws } from './one-token.ts';
export { promptText, renderPrompt } from './render-prompt.ts';
export { type RolloutOptions, rolloutGroups } from './rollout-groups.ts';
export {
  type Conversation,
  type FeedbackOptions,
  isRight,
  nextState,
  rolloutTurns,
  type TurnsOptions,
} from './turns.ts';
