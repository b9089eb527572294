/** Snapshots on disk: exact, replaced whole, and passed over when broken. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SnapshotError, SnapshotFolder, snapshotName } from './index.ts';

let base: string;
let folder: SnapshotFolder;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'burnish-snapshots-'));
  folder = new SnapshotFolder(join(base, 'snapshots'));
  await folder.open();
});
afterEach(() => rm(base, { recursive: true, force: true }));

const engine = (value: number) => ({
  arrays: { weights: Float32Array.of(value, Math.PI, -0, 1e-40), m: Float32Array.of(2) },
  facts: { weightsVersion: value, kind: 'toy' },
});
const save = (step: number) => folder.write(snapshotName(step), engine(step), { step });
const weightsOf = (step: number) => join(folder.path, snapshotName(step), 'weights.safetensors');

describe('SnapshotFolder', () => {
  it('gives back every bit and the state', async () => {
    await save(3);
    const { engine: read, state } = await folder.read(snapshotName(3));
    expect(read.facts).toEqual(engine(3).facts);
    expect(state).toEqual({ step: 3 });
    for (const [name, values] of Object.entries(engine(3).arrays))
      expect(Buffer.from(read.arrays[name].buffer, read.arrays[name].byteOffset, values.byteLength)).toEqual(
        Buffer.from(values.buffer),
      );
  });

  it('finds the newest by listing, also beyond six digits', async () => {
    for (const step of [999_999, 1_000_000, 7]) await save(step);
    expect(await folder.steps()).toEqual([1_000_000, 999_999, 7]);
    expect((await folder.last()).step).toBe(1_000_000);
  });

  it('passes over broken ones with a warning: cut short, changed, or without a state', async () => {
    for (const step of [1, 2, 3, 4]) await save(step);
    await truncate(weightsOf(4), 40);
    const bytes = await readFile(weightsOf(3));
    bytes[bytes.length - 3] ^= 1;
    await writeFile(weightsOf(3), bytes);
    await rm(join(folder.path, snapshotName(2), 'state.json'));
    const { step, warnings } = await folder.last();
    expect(step).toBe(1);
    expect(warnings).toHaveLength(3);
    expect(warnings[0]).toMatch(/step-000004 is broken.*cut short|step-000004 is broken/);
    expect(warnings[1]).toMatch(/step-000003.*not the ones written/);
  });

  it('clears away what a killed process left half-written, and nothing else', async () => {
    await save(1);
    await mkdir(join(folder.path, '.step-000002.new'));
    await writeFile(join(folder.path, '.step-000002.new', 'weights.safetensors'), 'half');
    await folder.open();
    expect(await readdir(folder.path)).toEqual(['step-000001']);
  });

  it('replaces a snapshot of the same name', async () => {
    await save(1);
    await folder.write(snapshotName(1), engine(9), { step: 1, second: true });
    expect((await folder.read<{ second: boolean }>(snapshotName(1))).state.second).toBe(true);
    expect(await readdir(folder.path)).toEqual(['step-000001']);
  });

  it('keeps the newest and the named ones', async () => {
    for (const step of [1, 2, 3, 4, 5]) await save(step);
    await folder.prune(2, [2]);
    expect(await folder.steps()).toEqual([5, 4, 2]);
  });

  it('says where it cannot write and why, leaving nothing behind', async () => {
    const file = join(base, 'file');
    await writeFile(file, '');
    await expect(new SnapshotFolder(join(file, 'snapshots')).open()).rejects.toThrow(
      /cannot use the folder .*file.snapshots: part of the path is a file/,
    );
    await rm(folder.path, { recursive: true });
    const error = await save(1).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(SnapshotError);
    expect((error as Error).message).toMatch(
      /cannot write the snapshot .*step-000001.*earlier snapshots are intact/,
    );
    expect(existsSync(folder.path)).toBe(false);
  });
});
