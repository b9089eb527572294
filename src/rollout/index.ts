/** Sampling sessions: from tasks to graded groups of trajectories. */
export { promptText, renderPrompt } from './render-prompt.ts';
export { type RolloutOptions, rolloutGroups } from './rollout-groups.ts';
