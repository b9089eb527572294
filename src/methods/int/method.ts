/** InT: the model finds the first error of its own failed attempts, corrects that step, and learns attempt and correction. */
import { z } from 'zod';
import type { FrozenEngine } from '../../engine/index.ts';
import { crossEntropy } from '../../objectives/index.ts';
import { isRight } from '../../rollout/index.ts';
import { defineMethod, type MethodStep, type Row } from '../../training/index.ts';
import { collectGroups, samplingOf } from '../shared/collect.ts';
import { passesOver } from '../shared/imitation.ts';
import { rolloutOptions, updateOptions } from '../shared/options.ts';
import { PROPOSAL_PATTERN, PROPOSAL_PROMPT } from './interventions.ts';
import { type Candidate, failedAttempts, proposeInterventions, tryInterventions } from './propose.ts';

const count = z.int().min(1);
const { promptsPerStep, groupSize, temperature, maxTokens } = rolloutOptions;

/** Whether a pattern can be compiled and has the groups that are read from it. */
function readsProposals(pattern: string): boolean {
  try {
    new RegExp(pattern, 'gs');
  } catch {
    return false;
  }
  return pattern.includes('(?<location>') && pattern.includes('(?<content>');
}

export const intConfig = z.strictObject({
  promptsPerStep: promptsPerStep.unwrap().default(128),
  /** Attempts a task: a task is hard when at most `maxRight` of them are right. */
  groupSize: groupSize.unwrap().default(64),
  maxRight: z.int().min(0).default(0),
  temperature,
  maxTokens,
  /** Wrong attempts of a hard task that are corrected. */
  attempts: count.default(4),
  /** Steps of a completion end after this. */
  separator: z.string().min(1).default('\n\n'),
  /** Proposals an attempt; the first that passes is used. */
  proposals: count.default(4),
  proposal: z
    .strictObject({
      /** `{prompt}`, `{solution}`: the task's worked completion, `{attempt}`, `{steps}`: the attempt's, numbered from 1. */
      prompt: z.string().min(1).default(PROPOSAL_PROMPT),
      /** Regular expression with the named groups `location` and `content`. */
      pattern: z
        .string()
        .refine(readsProposals, 'expected a regular expression with groups (?<location>…) and (?<content>…)')
        .default(PROPOSAL_PATTERN),
      maxTokens: count.default(1024),
    })
    .prefault({}),
  /** Reject corrections that contain a reference answer. */
  leak: z.boolean().default(true),
  /** Continuations of each intervention, of which one has to be right. */
  continuations: count.default(32),
  /** False: keep interventions whatever comes of them. */
  filter: z.boolean().default(true),
  /** What is learned besides the correction: the steps before it, and (against the paper's advice) a right continuation. */
  prefix: z.enum(['learn', 'mask']).default('learn'),
  suffix: z.boolean().default(false),
  /** A score of at least this is right. */
  passThreshold: z.number().gt(0).max(1).default(1),
  aggregation: updateOptions.aggregation.unwrap().default('token-mean'),
  /** Examples an update. */
  batchSize: count.default(64),
  /** Passes over the examples of a step. */
  updateEpochs: count.default(4),
});

type IntConfig = z.output<typeof intConfig>;

/** Σ_{t<t*} log π(y_t | …) + log π(ỹ_t* | …), Eq. 2: no end-of-sequence token, which would teach to stop there. */
function rowOf({ attempt, intervention, right }: Candidate, { prefix, suffix }: IntConfig): Row {
  const { tokens, promptLength } = attempt.trajectory;
  const corrected = [...tokens.slice(0, promptLength), ...intervention.prefix, ...intervention.content];
  const whole = suffix ? right[0] : corrected;
  const from = promptLength + (prefix === 'mask' ? intervention.prefix.length : 0);
  return { tokens: whole, mask: new Uint8Array(whole.length).fill(1, from), data: {} };
}

/** Mean surprise, in nats a token, of what is to be learned, under the present weights: how far it is from their own way. */
async function surprise(rows: readonly Row[], engine: FrozenEngine): Promise<{ 'examples.nll'?: number }> {
  if (rows.length === 0) return {};
  const { logprobs } = await engine.forward(rows.map(({ tokens }) => tokens));
  let total = 0;
  let tokens = 0;
  rows.forEach(({ mask }, i) => {
    for (let t = 0; t < mask.length; t++) {
      if (!(mask[t] > 0)) continue;
      total -= logprobs[i][t];
      tokens++;
    }
  });
  return { 'examples.nll': total / tokens };
}

/** The first candidate of each attempt that may be learned from. */
function chosenOf(candidates: readonly Candidate[], { filter, suffix }: IntConfig): Candidate[] {
  const chosen = new Map<Candidate['attempt'], Candidate>();
  for (const one of candidates)
    if (!chosen.has(one.attempt) && (one.right.length > 0 || !(filter || suffix)))
      chosen.set(one.attempt, one);
  return [...chosen.values()];
}

/**
 * One step is a round of stage 1 and 2 of the paper: hard tasks, wrong attempts, proposals given a reference solution, those that
 * lead to a right answer, and supervised passes over attempt and correction. Reinforcement comes after it, as the recipe's next
 * stage.
 */
export const int = defineMethod({
  name: 'int',
  title: 'Interventions: learn one-step corrections of failed attempts, proposed by the model itself',
  paper: {
    title: 'Self-Proposed Interventions Enable Credit Assignment in LLM Reasoning',
    year: 2026,
    source: 'arXiv 2601.14209',
  },
  config: intConfig,
  create(config, context) {
    const { environment } = context;
    const rollout = { ...z.object(rolloutOptions).parse({}), ...config };
    return {
      async step(step): Promise<MethodStep> {
        const { groups } = await collectGroups(context, step, rollout);
        const hard = groups.filter(
          ({ trajectories }) =>
            trajectories.filter((one) => isRight(one, config.passThreshold)).length <= config.maxRight,
        );
        const solved = hard.filter(({ task }) => task.completion !== undefined);
        const attempts = solved.flatMap(({ trajectories }) =>
          failedAttempts(trajectories, config, context).slice(0, config.attempts),
        );
        const { temperature, maxTokens } = samplingOf(context, rollout);
        const proposed = await proposeInterventions(attempts, config, temperature, context, step);
        const { placed, rejected } = proposed;
        const tried = await tryInterventions(attempts, placed, maxTokens, config, temperature, context, step);
        const { candidates } = tried;
        const rows = chosenOf(candidates, config).map((one) => rowOf(one, config));
        const { seed, stage } = context;
        const asked = attempts.length * config.proposals;
        const rightOnes = candidates.reduce((sum, { right }) => sum + right.length, 0);
        return {
          updates: passesOver(rows, crossEntropy(), config, [seed, 'int', stage, step.step]),
          groups,
          metrics: {
            'tasks.hard': hard.length,
            'tasks.unsolved': hard.length - solved.length,
            'attempts.wrong': attempts.length,
            'proposals.placed': placed.reduce((sum, list) => sum + list.length, 0),
            ...(asked > 0
              ? Object.fromEntries(
                  Object.entries(rejected).map(([why, n]) => [`proposals.${why}`, n / asked]),
                )
              : {}),
            ...(candidates.length > 0
              ? { 'continuations.right': rightOnes / (candidates.length * config.continuations) }
              : {}),
            examples: rows.length,
            ...(await surprise(rows, context.engine)),
            'tokens.forced': proposed.tokens + tried.tokens,
          },
        };
      },
      stepsForEpochs(epochs) {
        const size = environment.size('train');
        if (size === Infinity)
          throw new Error(
            `epochs is ${epochs}, but ${environment.name} has no end; expected steps or seconds`,
          );
        return Math.ceil((epochs * size) / config.promptsPerStep);
      },
      state: () => null,
      restore: () => undefined,
    };
  },
});
