/** The words of Burnish as types, shared by every room. */
export type { Environment, Split } from './environment.ts';
export type { Grade, Grader, GraderInput } from './grade.ts';
export type { Message, Task } from './task.ts';
export type { Group, Sample, Trajectory } from './trajectory.ts';
