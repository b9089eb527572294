/** Snapshots of a whole run on disk: written under a temporary name, flushed, renamed; broken ones are passed over. */
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineSnapshot } from '../engine/index.ts';
import { syncFolder, writeAtomically } from '../files/index.ts';
import { readSafetensors, writeSafetensors } from '../nn/index.ts';

const WEIGHTS = 'weights.safetensors';
const STATE = 'state.json';
const FORMAT = 1;

/** A snapshot that could not be written; earlier ones are as they were. */
export class SnapshotError extends Error {
  override name = 'SnapshotError';
}

/** A snapshot as read. */
export interface StoredSnapshot<State> {
  engine: EngineSnapshot;
  state: State;
}

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'part of the path is a file, not a folder',
};

/** The system's reason for a failure, in words where it is a common one. */
export function reasonOf(error: unknown): string {
  let here: unknown = error;
  while (here instanceof Error) {
    const code = (here as NodeJS.ErrnoException).code;
    if (code !== undefined && code in REASONS) return `${REASONS[code]} (${code})`;
    if (here.cause === undefined) break;
    here = here.cause;
  }
  return here instanceof Error ? here.message : String(here);
}

/** Names sorted as in the weights file. */
function checksum(arrays: Readonly<Record<string, Float32Array>>): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(arrays).sort()) {
    const { buffer, byteOffset, byteLength } = arrays[name];
    hash.update(`${name}\0${byteLength}\0`).update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest('hex');
}

/** Snapshots in one folder, by name. */
export class SnapshotFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Makes the folder and clears away what a killed process left half-done. Throws a SnapshotError naming the folder. */
  async open(): Promise<void> {
    try {
      await mkdir(this.path, { recursive: true });
      for (const name of await readdir(this.path))
        if (name.startsWith('.')) await rm(join(this.path, name), { recursive: true, force: true });
    } catch (error) {
      throw new SnapshotError(`cannot use the folder ${this.path}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /**
   * Writes a snapshot; afterwards it is whole under its name, or, with a SnapshotError, there is nothing new.
   * An earlier snapshot of that name is replaced. Returns the path.
   */
  async write(name: string, engine: EngineSnapshot, state: unknown): Promise<string> {
    const path = join(this.path, name);
    const temporary = join(this.path, `.${name}.new`);
    try {
      await rm(temporary, { recursive: true, force: true });
      await mkdir(temporary);
      const tensors = Object.entries(engine.arrays).map(
        ([key, data]) => [key, { shape: [data.length], data }] as const,
      );
      await writeSafetensors(join(temporary, WEIGHTS), new Map(tensors));
      const text = JSON.stringify({
        format: FORMAT,
        checksum: checksum(engine.arrays),
        facts: engine.facts,
        state,
      });
      await writeAtomically(join(temporary, STATE), text);
      await syncFolder(temporary);
      await this.remove(name);
      await rename(temporary, path);
      await syncFolder(this.path);
      return path;
    } catch (error) {
      await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
      throw new SnapshotError(
        `cannot write the snapshot ${path}: ${reasonOf(error)}; earlier snapshots are intact`,
        { cause: error },
      );
    }
  }

  /** Reads a snapshot. Throws an Error that says what is wrong with it. */
  async read<State>(name: string): Promise<StoredSnapshot<State>> {
    const path = join(this.path, name);
    const document = JSON.parse(await readFile(join(path, STATE), 'utf8')) as {
      format: number;
      checksum: string;
      facts: EngineSnapshot['facts'];
      state: State;
    };
    if (document.format !== FORMAT)
      throw new Error(`${path}: format is ${document.format}, expected ${FORMAT}`);
    const tensors = await readSafetensors(join(path, WEIGHTS));
    const arrays = Object.fromEntries([...tensors].map(([key, { data }]) => [key, data]));
    if (checksum(arrays) !== document.checksum)
      throw new Error(`${path}: the weights are not the ones written`);
    return { engine: { arrays, facts: document.facts }, state: document.state };
  }

  /** Steps that have a snapshot, whole or broken, newest first. */
  async steps(): Promise<number[]> {
    const names = await readdir(this.path).catch(() => []);
    return names
      .flatMap((name) => /^step-(\d{6,})$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => b - a);
  }

  /** The newest snapshot that can be read; each broken one on the way gives a warning. */
  async last<State>(): Promise<{ snapshot?: StoredSnapshot<State>; step?: number; warnings: string[] }> {
    const warnings: string[] = [];
    for (const step of await this.steps()) {
      try {
        return { snapshot: await this.read<State>(snapshotName(step)), step, warnings };
      } catch (error) {
        warnings.push(
          `snapshot ${snapshotName(step)} is broken and was passed over: ${(error as Error).message}`,
        );
      }
    }
    return { warnings };
  }

  /** Removes a snapshot; hidden first, so that it is never seen in part. */
  async remove(name: string): Promise<void> {
    const hidden = join(this.path, `.${name}.old`);
    await rm(hidden, { recursive: true, force: true });
    try {
      await rename(join(this.path, name), hidden);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    await rm(hidden, { recursive: true, force: true });
  }

  /** Keeps the newest `keep` steps and the given ones, and removes the others. */
  async prune(keep: number, also: readonly number[]): Promise<void> {
    const steps = await this.steps();
    for (const step of steps.slice(keep)) if (!also.includes(step)) await this.remove(snapshotName(step));
  }
}

/** `step-000123`. */
export function snapshotName(step: number): string {
  return `step-${String(step).padStart(6, '0')}`;
}
