/** From failed attempts at hard tasks to interventions that have led to a right answer at least once. */
import { referencesOf } from '../../graders/index.ts';
import { rng } from '../../random/index.ts';
import { type Branch, isRight, renderPrompt, sampleBranches } from '../../rollout/index.ts';
import type { MethodContext, StepContext } from '../../training/index.ts';
import type { Task, Trajectory } from '../../types/index.ts';
import {
  type Intervention,
  parseProposal,
  placeProposal,
  proposalText,
  type Rejection,
  type Steps,
  stepsOf,
} from './interventions.ts';

/** A failed attempt with its steps. */
export interface FailedAttempt {
  trajectory: Trajectory;
  completion: number[];
  steps: Steps;
}

/** An intervention on an attempt, with what came after it. */
export interface Candidate {
  attempt: FailedAttempt;
  intervention: Intervention;
  /** Whole sequences of the continuations that were right. */
  right: number[][];
}

export interface ProposeConfig {
  separator: string;
  proposals: number;
  proposal: { prompt: string; pattern: string; maxTokens: number };
  leak: boolean;
  continuations: number;
  passThreshold: number;
}

type Context = Pick<MethodContext, 'engine' | 'tokenizer' | 'environment' | 'seed' | 'stage'>;

/** Wrong attempts of a task as rows of their own. */
export function failedAttempts(
  trajectories: readonly Trajectory[],
  { separator, passThreshold }: ProposeConfig,
  { tokenizer }: Context,
): FailedAttempt[] {
  return trajectories
    .filter((one) => one.grade.status === 'graded' && !isRight(one, passThreshold))
    .map((trajectory) => {
      const completion = trajectory.tokens.slice(trajectory.promptLength);
      return { trajectory, completion, steps: stepsOf(completion, tokenizer, separator) };
    });
}

/** Distinct interventions on each attempt, in the order in which they were proposed. */
export async function proposeInterventions(
  attempts: readonly FailedAttempt[],
  config: ProposeConfig,
  temperature: number | undefined,
  { engine, tokenizer, seed, stage }: Context,
  { step, signal }: StepContext,
) {
  const { proposals, proposal, separator, leak } = config;
  const requests = attempts.map(({ trajectory: { task, completion }, steps }, i) => {
    const content = proposalText(proposal.prompt, task, completion, steps);
    const asked: Task = {
      id: task.id,
      prompt: typeof task.prompt === 'string' ? content : [{ role: 'user', content }],
      data: null,
    };
    const draw = rng(seed, 'propose', stage, step, task.id, i).uint32();
    return { prompt: renderPrompt(asked, tokenizer), n: proposals, seed: draw };
  });
  const { maxTokens } = proposal;
  const params = { stopTokens: tokenizer.eosIds, temperature, maxTokens };
  const samples = await engine.sample(requests, params, { signal });
  const rejected: Record<Rejection, number> = { unparsed: 0, misplaced: 0, unchanged: 0, leaked: 0 };
  const placed = attempts.map((attempt, i) => {
    const { task } = attempt.trajectory;
    const answers = leak ? referencesOf(task) : [];
    const found = new Map<string, Intervention>();
    for (const { text } of samples[i]) {
      const read = parseProposal(text, proposal.pattern, separator);
      const one =
        read === undefined
          ? 'unparsed'
          : placeProposal(read, attempt.completion, attempt.steps, answers, tokenizer);
      if (typeof one === 'string') rejected[one]++;
      else found.set(`${one.prefix.length}:${one.content.join()}`, one);
    }
    return [...found.values()];
  });
  const tokens = samples.flat().reduce((sum, one) => sum + one.tokens.length, 0);
  return { placed, rejected, tokens };
}

/** Goes on from every intervention, and finds which continuations are right. */
export async function tryInterventions(
  attempts: readonly FailedAttempt[],
  placed: readonly (readonly Intervention[])[],
  limit: number,
  config: ProposeConfig,
  temperature: number | undefined,
  { engine, tokenizer, environment, seed, stage }: Context,
  { step, signal, onTime }: StepContext,
) {
  const candidates: Candidate[] = [];
  const branches: Branch[] = [];
  attempts.forEach((attempt, i) => {
    const { task, tokens, promptLength } = attempt.trajectory;
    placed[i].forEach((intervention, k) => {
      const prefix = [...intervention.prefix, ...intervention.content];
      const maxTokens = limit - prefix.length;
      if (maxTokens < 1) return;
      candidates.push({ attempt, intervention, right: [] });
      const prompt = tokens.slice(0, promptLength);
      branches.push({ task, prompt, prefix, n: config.continuations, maxTokens, name: [task.id, i, k] });
    });
  });
  const continued = await sampleBranches(branches, {
    engine,
    tokenizer,
    grader: environment.grader,
    sampling: { temperature },
    seed,
    path: ['continue', stage, step],
    signal,
    onTime,
  });
  let sampled = 0;
  continued.forEach((group, i) => {
    for (const one of group) {
      sampled += one.lossMask.reduce((a, b) => a + b, 0);
      if (isRight(one, config.passThreshold)) candidates[i].right.push(one.tokens);
    }
  });
  return { candidates, tokens: sampled };
}
