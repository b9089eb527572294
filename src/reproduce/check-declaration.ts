/** Finds what is wrong with a declared reproduction. */
import { armsOf, type Criterion, isComparison } from './criterion.ts';
import type { Reproduction } from './declaration.ts';

const quoted = (names: readonly string[]) => names.join(', ');

function criterionProblems(criterion: Criterion, at: string, reproduction: Reproduction): string[] {
  const arms = Object.keys(reproduction.arms);
  const problems = armsOf(criterion)
    .filter((arm) => !arms.includes(arm))
    .map((arm) => `${at}: there is no arm '${arm}'; the arms are: ${quoted(arms)}`);
  if (!isComparison(criterion)) return problems;
  const { metric, by, factor, arm, than } = criterion;
  if (!(metric in reproduction.metrics)) problems.push(`${at}: metric '${metric}' is not among the metrics`);
  if (by !== undefined && factor !== undefined)
    problems.push(`${at}: both by and factor given, expected one`);
  if (factor !== undefined && !(factor > 0)) problems.push(`${at}: factor is ${factor}, expected above 0`);
  if (arm === than) problems.push(`${at}: compares arm '${arm}' with itself`);
  return problems;
}

function armProblems({ arms }: Reproduction): string[] {
  const names = Object.keys(arms);
  return names.flatMap((name, i) => {
    const needs = arms[name].needs ?? [];
    // Folders are named after arms.
    const odd = /^[a-z0-9][a-z0-9.-]*$/.test(name)
      ? []
      : [`arms.${name}: expected lower case letters, digits, '-' and '.'`];
    const late = needs.filter((need) => !names.slice(0, i).includes(need));
    return [
      ...odd,
      ...late.map((need) => `arms.${name}.needs: '${need}' is no arm that is declared before it`),
    ];
  });
}

function seedProblems({ seeds, calibrationSeeds = [] }: Reproduction): string[] {
  const problems: string[] = [];
  if (seeds.length === 0) problems.push('seeds: none given, expected at least one');
  if (new Set(seeds).size !== seeds.length) problems.push(`seeds: ${seeds.join(', ')} has one twice`);
  const wrong = seeds.filter((seed) => !Number.isSafeInteger(seed) || seed < 0);
  if (wrong.length > 0) problems.push(`seeds: ${wrong.join(', ')} given, expected whole numbers from 0`);
  const shared = seeds.filter((seed) => calibrationSeeds.includes(seed));
  if (shared.length > 0)
    problems.push(`calibrationSeeds: ${shared.join(', ')} would also be used for the verdict`);
  return problems;
}

/** Throws an Error that lists everything wrong with a declaration. */
export function checkDeclaration(reproduction: Reproduction): void {
  const { name, criteria, alsoMeasured = [], metrics, plots = [], minutes, code } = reproduction;
  const problems = [...armProblems(reproduction), ...seedProblems(reproduction)];
  if (!/^[a-z0-9][a-z0-9-]*$/.test(name))
    problems.push(`name: '${name}' given, expected lower case letters, digits and '-'`);
  if (criteria.length === 0) problems.push('criteria: none given, expected the inequality of the claim');
  criteria.forEach((one, i) => {
    problems.push(...criterionProblems(one, `criteria[${i}]`, reproduction));
  });
  alsoMeasured.forEach((one, i) => {
    problems.push(...criterionProblems(one, `alsoMeasured[${i}]`, reproduction));
  });
  for (const [i, plot] of plots.entries()) {
    if (plot.kind === 'arms' && !(plot.metric in metrics))
      problems.push(`plots[${i}]: metric '${plot.metric}' is not among the metrics`);
    for (const arm of plot.arms ?? [])
      if (!(arm in reproduction.arms)) problems.push(`plots[${i}]: there is no arm '${arm}'`);
  }
  if (!(minutes > 0)) problems.push(`minutes: ${minutes} given, expected above 0`);
  if (!code.startsWith('file:')) problems.push(`code: '${code}' given, expected import.meta.url`);
  if (problems.length > 0) throw new Error(`reproduction ${name}:\n  ${problems.join('\n  ')}`);
}
