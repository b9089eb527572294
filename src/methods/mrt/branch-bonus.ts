/** The progress bonus on branches: from a prefix of a rollout the model both stops and thinks on, and the two are compared. */
import { terminationAdvantages } from '../../objectives/index.ts';
import { rng } from '../../random/index.ts';
import { type Branch, episodeEnds, sampleBranches } from '../../rollout/index.ts';
import { type MethodContext, type StepContext, spread } from '../../training/index.ts';
import type { Group } from '../../types/index.ts';
import { type Attempt, byGroup } from '../shared/attempts.ts';
import { type Collected, collectGroups } from '../shared/collect.ts';
import type { RolloutConfig } from '../shared/options.ts';
import { type EpisodeConfig, marksOf, proverOptions } from './options.ts';

export interface BranchConfig extends EpisodeConfig, RolloutConfig {
  alpha: number;
  branches: { stop: number; continue: number };
}

/** A step's groups: the full rollouts, then for every branching point one group that thinks on and one that stops. */
export interface Branched extends Collected {
  /** Number of groups of full rollouts. */
  full: number;
}

/**
 * Steps 1 and 2 of MRT's algorithm: of each kept group a random rollout is cut at the end of a random episode (both
 * uniform), and from that prefix the model thinks on some times and is made to answer some times. A prefix that leaves no
 * room for both is passed over.
 */
export async function collectBranches(
  config: BranchConfig,
  context: MethodContext,
  step: StepContext,
): Promise<Branched> {
  const collected = await collectGroups(context, step, config);
  const { forced, answerTokens, maxTokens, ...options } = proverOptions(config, context, step);
  const branches: Branch[] = [];
  collected.groups.forEach(({ task, trajectories }, g) => {
    if (!collected.kept[g]) return;
    const random = rng(context.seed, 'branch', context.stage, step.step, g);
    const { tokens, promptLength } = random.choice(trajectories);
    const completion = tokens.slice(promptLength);
    const { ends } = episodeEnds(completion, context.tokenizer, marksOf(config));
    const cut = ends.length === 0 ? 0 : random.choice(ends);
    const room = maxTokens - cut;
    if (room <= forced.length) return;
    const prefix = completion.slice(0, cut);
    const from = { task, prompt: tokens.slice(0, promptLength), prefix };
    const { stop, continue: on } = config.branches;
    branches.push({ ...from, n: on, maxTokens: room, name: ['continue', g] });
    const most = Math.min(answerTokens, room - forced.length);
    branches.push({ ...from, forced, n: stop, maxTokens: most, name: ['stop', g] });
  });
  const sampled = await sampleBranches(branches, { ...options, path: ['branch', ...options.path] });
  const groups: Group[] = sampled.map((trajectories, i) => ({ task: branches[i].task, trajectories }));
  return {
    ...collected,
    groups: [...collected.groups, ...groups],
    kept: [...collected.kept, ...groups.map(() => true)],
    full: collected.groups.length,
  };
}

/**
 * Steps 3 and 4: adds α · A_progress to the rollouts that thought on, on their new tokens, where A_progress takes the mean
 * reward of those that stopped as its baseline. All kinds have their group's own advantages already, so that the model
 * also learns to answer when it is stopped.
 */
export function addBranchBonus(
  attempts: readonly Attempt[],
  { full, groups }: Branched,
  alpha: number,
): Record<string, number> {
  const byNumber = new Map(byGroup(attempts).map((group) => [group[0].group, group]));
  const gains: number[] = [];
  let stops = 0;
  let right = 0;
  for (let g = full; g < groups.length; g += 2) {
    const [on, stopped] = [byNumber.get(g) ?? [], byNumber.get(g + 1) ?? []];
    const rewards = (group: readonly Attempt[]) => group.map(({ reward }) => reward);
    const bonus = terminationAdvantages(rewards(on), rewards(stopped));
    on.forEach((attempt, i) => {
      const extra = spread(alpha * bonus[i], attempt.trajectory.lossMask);
      const outcome = attempt.advantages;
      attempt.advantages = extra.map((a, t) => a + (outcome?.[t] ?? 0));
    });
    const mean = (xs: readonly (number | undefined)[]) => {
      const known = xs.filter((x) => x !== undefined);
      return known.length === 0 ? undefined : known.reduce((a, b) => a + b, 0) / known.length;
    };
    const [later, now] = [mean(rewards(on)), mean(rewards(stopped))];
    if (now === undefined) continue;
    stops++;
    right += now;
    if (later !== undefined) gains.push(later - now);
  }
  const extra = groups.slice(full).flatMap(({ trajectories }) => trajectories);
  const tokens = extra.reduce((sum, { lossMask }) => sum + lossMask.reduce((a, b) => a + b, 0), 0);
  return {
    'tokens.forced': tokens,
    ...(stops > 0 ? { 'forced.stop': right / stops } : {}),
    ...(gains.length > 0 ? { 'progress.mean': gains.reduce((a, b) => a + b, 0) / gains.length } : {}),
  };
}
