/** Objectives as sums of per-token terms: loss = Σ weight · Σ terms, and every metric is a mean over the masked tokens. */
import type { Objective, ObjectiveInputs } from '../../engine/index.ts';
import { add, greater, mul, sum, type Tensor, where } from '../../tensor/index.ts';

/** What a term makes of a batch. Arrays are [B,T], or [B,1] where one value holds for a whole row. */
export interface TermResult {
  /** Loss of each token; absent from a term that only reports. */
  loss?: Tensor;
  /** Per-token values by name; each is averaged over the masked tokens of the batch. */
  metrics: Record<string, Tensor>;
}

/** One summand of an objective. */
export interface LossTerm {
  needs?: Objective['needs'];
  /** Names of the per-token data it reads. */
  data: readonly string[];
  /** The inputs are 0 outside the mask, so that nothing there can overflow or reach a gradient. */
  evaluate(inputs: ObjectiveInputs): TermResult;
}

/**
 * An objective: Σ weight · (sum of the terms' per-token losses). `options` (with defaults filled in) and the name are
 * its key. Evaluating it throws an Error that names a missing array.
 */
export function composeObjective(name: string, options: object, terms: readonly LossTerm[]): Objective {
  const needs: Objective['needs'] = Object.assign({}, ...terms.map((term) => term.needs));
  const data = [...new Set(terms.flatMap((term) => term.data))];
  return {
    name,
    key: JSON.stringify({ name, options: sortKeys(options) }),
    needs,
    data,
    scalars: [],
    evaluate(given) {
      const inputs = zeroOutsideMask(name, given, needs, data);
      const results = terms.map((term) => term.evaluate(inputs));
      const losses = results.flatMap((result) => result.loss ?? []);
      if (losses.length === 0)
        throw new Error(`objective ${name}: no term has a loss, expected at least one`);
      const metrics: Record<string, Tensor> = {};
      for (const result of results)
        for (const [metric, value] of Object.entries(result.metrics))
          metrics[metric] = sum(mul(inputs.share, value));
      return { loss: sum(mul(inputs.weight, losses.reduce(add))), metrics };
    },
  };
}

/** An input that `needs` or `data` promised. Throws an Error naming what is missing. */
export function required(x: Tensor | undefined, what: string): Tensor {
  if (x === undefined) throw new Error(`${what} is missing from the objective's inputs`);
  return x;
}

/**
 * Per-token inputs with zeros outside the mask. Choosing (instead of multiplying by the mask) keeps NaN, infinities and
 * padding such as -1e30 out of both the values and the gradients.
 */
function zeroOutsideMask(
  name: string,
  inputs: ObjectiveInputs,
  needs: Objective['needs'],
  data: readonly string[],
): ObjectiveInputs {
  const inside = greater(inputs.mask, 0);
  const keep = (x: Tensor | undefined, what: string) =>
    where(inside, required(x, `objective ${name}: ${what}`), 0);
  return {
    ...inputs,
    logprobs: keep(inputs.logprobs, 'logprobs'),
    entropy: needs.entropy ? keep(inputs.entropy, 'entropy') : undefined,
    values: needs.values ? keep(inputs.values, 'values') : undefined,
    likeliest: needs.likeliest ? keep(inputs.likeliest, 'likeliest') : undefined,
    data: Object.fromEntries(data.map((key) => [key, keep(inputs.data[key], `per-token data "${key}"`)])),
  };
}

/** The same options with keys in alphabetical order, so that equal options give equal keys. */
function sortKeys(value: object): object {
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    entries.map(([key, v]) => [key, typeof v === 'object' && v !== null ? sortKeys(v) : v]),
  );
}
