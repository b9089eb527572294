/** Finished arms on disk: one file for each arm and seed, written whole or not at all. */
import { mkdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { writeAtomically } from '../files/index.ts';
import type { ArmResult } from './declaration.ts';

/** A finished arm with one seed. */
export interface StoredResult extends ArmResult {
  arm: string;
  seed: number;
  /** Wall time of all sittings; declared base models are trained before and left out. */
  seconds: number;
  /** See `armFingerprint`. */
  fingerprint: string;
  /** See `criteriaFingerprint`: the inequality as it was when the arm ran. */
  criteria: string;
  commit: string;
  machine: string;
}

/** Folder of an arm with one seed. */
export const armFolder = (folder: string, arm: string, seed: number) =>
  join(folder, 'arms', arm, `seed-${seed}`);

const resultFile = (folder: string, arm: string, seed: number) =>
  join(armFolder(folder, arm, seed), 'result.json');

/** Throws an Error naming the figure that is no finite number: JSON cannot hold one. */
export function checkResult(result: ArmResult): void {
  const wrong = (name: string, value: unknown) =>
    new Error(`${name} is ${String(value)}, expected a finite number`);
  for (const [name, value] of Object.entries(result.metrics))
    if (!Number.isFinite(value)) throw wrong(`metric ${name}`, value);
  for (const [name, values] of Object.entries(result.perTask ?? {})) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) throw wrong(`${name} of task ${at}`, values[at]);
  }
  for (const [name, { x, y }] of Object.entries(result.curves ?? {})) {
    if (x.length !== y.length)
      throw new Error(`curve ${name} has ${x.length} x and ${y.length} y, expected as many`);
    const value = [...x, ...y].find((one) => !Number.isFinite(one));
    if (value !== undefined) throw wrong(`a point of curve ${name}`, value);
  }
  if (result.spent !== undefined && !(result.spent >= 0 && result.spent < Infinity))
    throw wrong('spent', result.spent);
}

export async function writeResult(folder: string, result: StoredResult): Promise<void> {
  checkResult(result);
  const path = resultFile(folder, result.arm, result.seed);
  await mkdir(dirname(path), { recursive: true });
  await writeAtomically(path, `${JSON.stringify(result)}\n`);
}

/** The result of an arm, if it is finished. A file that cannot be read as JSON counts as none. */
export async function readResult(
  folder: string,
  arm: string,
  seed: number,
): Promise<StoredResult | undefined> {
  try {
    return JSON.parse(await readFile(resultFile(folder, arm, seed), 'utf8')) as StoredResult;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
