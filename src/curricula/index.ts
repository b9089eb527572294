/** Task selection. */
export type { Curriculum, Json, TaskResult } from './curriculum.ts';
export { sequential, shuffled } from './cursor.ts';
