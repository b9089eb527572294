/** Grades trajectories in place. */
import { type GradeAllOptions, gradeAll } from '../graders/index.ts';
import type { Grader, Trajectory } from '../types/index.ts';

/** Gives every trajectory its grade, by its whole completion. Rejects with the signal's reason when it is aborted. */
export async function gradeTrajectories(
  trajectories: readonly Trajectory[],
  grader: Grader,
  options: GradeAllOptions = {},
): Promise<void> {
  const inputs = trajectories.map(({ task, tokens, promptLength, completion, finishReason }) => ({
    task,
    completion,
    tokens: tokens.slice(promptLength),
    finishReason,
  }));
  const grades = await gradeAll(grader, inputs, options);
  trajectories.forEach((one, i) => {
    one.grade = grades[i];
  });
}
