/** Objectives by name, for recipes. */
import { z } from 'zod';
import type { Objective } from '../engine/index.ts';
import { cispo, cispoOptions } from './cispo.ts';
import { crossEntropy, crossEntropyOptions } from './cross-entropy.ts';
import { dynamicFineTuning, dynamicFineTuningOptions } from './dynamic-fine-tuning.ts';
import { grpo, grpoOptions } from './grpo.ts';
import { nft, nftOptions } from './nft.ts';
import { oneTokenRollout, oneTokenRolloutOptions } from './one-token-rollout.ts';
import { ppoClip, ppoClipOptions } from './ppo-clip.ts';
import { preference, preferenceOptions } from './preference.ts';
import { reinforce, reinforceOptions } from './reinforce.ts';

/** An objective's name with its options. */
export const objectiveSchema = z.discriminatedUnion('name', [
  crossEntropyOptions.extend({ name: z.literal('cross-entropy') }),
  reinforceOptions.extend({ name: z.literal('reinforce') }),
  ppoClipOptions.extend({ name: z.literal('ppo-clip') }),
  grpoOptions.extend({ name: z.literal('grpo') }),
  cispoOptions.extend({ name: z.literal('cispo') }),
  nftOptions.extend({ name: z.literal('nft') }),
  preferenceOptions.extend({ name: z.literal('preference') }),
  oneTokenRolloutOptions.extend({ name: z.literal('one-token-rollout') }),
  dynamicFineTuningOptions.extend({ name: z.literal('dynamic-fine-tuning') }),
]);

/** As written in a recipe: options with defaults may be left out. */
export type ObjectiveConfig = z.input<typeof objectiveSchema>;

/** Names that `createObjective` knows. */
export const objectiveNames: readonly string[] = objectiveSchema.options.map(
  (option) => option.shape.name.value,
);

/**
 * The objective of that name with those options. Throws a RangeError that names the option, its value and what was
 * expected: for an unknown name, the names there are; for an unknown option, the options there are.
 */
export function createObjective(config: ObjectiveConfig): Objective {
  const result = objectiveSchema.safeParse(config);
  if (!result.success) throw new RangeError(explain(config, result.error.issues));
  switch (result.data.name) {
    case 'cross-entropy':
      return crossEntropy(withoutName(result.data));
    case 'reinforce':
      return reinforce(withoutName(result.data));
    case 'ppo-clip':
      return ppoClip(withoutName(result.data));
    case 'grpo':
      return grpo(withoutName(result.data));
    case 'cispo':
      return cispo(withoutName(result.data));
    case 'nft':
      return nft(withoutName(result.data));
    case 'preference':
      return preference(withoutName(result.data));
    case 'one-token-rollout':
      return oneTokenRollout(withoutName(result.data));
    case 'dynamic-fine-tuning':
      return dynamicFineTuning();
  }
}

function withoutName<T extends { name: string }>({ name: _, ...options }: T): Omit<T, 'name'> {
  return options;
}

function explain(config: unknown, issues: readonly z.core.$ZodIssue[]): string {
  const name = valueAt(config, ['name']);
  if (typeof name !== 'string' || !objectiveNames.includes(name))
    return `objective: name is ${JSON.stringify(name)}, expected one of ${objectiveNames.join(', ')}`;
  return issues
    .map((issue) => {
      const at = (key: PropertyKey[]) => key.map(String).join('.');
      if (issue.code !== 'unrecognized_keys')
        return `objective ${name}: ${at(issue.path)} is ${JSON.stringify(valueAt(config, issue.path))}: ${issue.message}`;
      const unknown = issue.keys.map((key) => at([...issue.path, key])).join(', ');
      return `objective ${name}: unknown option ${unknown}; options are ${optionNames(name, issue.path).join(', ')}`;
    })
    .join('\n');
}

function valueAt(config: unknown, path: readonly PropertyKey[]): unknown {
  let value = config;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** Keys that the objective's options have at a path. */
function optionNames(name: string, path: readonly PropertyKey[]): string[] {
  let schema: unknown = objectiveSchema.options.find((option) => option.shape.name.value === name);
  for (const key of path) {
    schema = schema instanceof z.ZodObject ? schema.shape[String(key)] : undefined;
    while (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) schema = schema.unwrap();
  }
  return schema instanceof z.ZodObject ? Object.keys(schema.shape).filter((key) => key !== 'name') : [];
}
