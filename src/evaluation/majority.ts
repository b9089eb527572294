/** What a vote among several attempts at a task would answer. */

/**
 * Chance that the most frequent answer is right, where ties are broken at random: in [0, 1], and 0 where no attempt gave an
 * answer (maj@k of k attempts; Wang et al. 2022, "Self-Consistency Improves Chain of Thought Reasoning"). Attempts without
 * an answer (undefined) have no vote. Throws a RangeError on no attempts.
 */
export function majorityVote(
  answers: readonly (string | undefined)[],
  isRight: (answer: string) => boolean,
): number {
  if (answers.length === 0) throw new RangeError('majorityVote: 0 attempts, expected at least 1');
  const votes = new Map<string, number>();
  for (const answer of answers) if (answer !== undefined) votes.set(answer, (votes.get(answer) ?? 0) + 1);
  const most = Math.max(...votes.values());
  const leaders = [...votes].filter(([, count]) => count === most).map(([answer]) => answer);
  return leaders.length === 0 ? 0 : leaders.filter(isRight).length / leaders.length;
}
