/** `npm run parity -- --regenerate <python>`: are the committed fixtures what the reference libraries say? */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readSafetensors } from '../src/nn/index.ts';
import { type Comparison, compareValues } from './compare-values.ts';
import type { ParityRun } from './run-tests.ts';
import type { ParityRow } from './table.ts';

const SCRIPTS_FOLDER = 'python/fixtures';
/** In an order in which each finds what it reads. */
const SCRIPTS = [
  'hf_models',
  'lora',
  'golden',
  'adamw',
  'schedules',
  'schedules_more',
  'model_configs',
  'safetensors_files',
  'objectives',
  'tensor_primitives',
];
/** Where the scripts write. */
const FOLDERS = ['src/nn/fixtures', 'src/objectives/fixtures', 'src/tensor/fixtures'];
/** Largest |new - committed| / max(1, |committed|): processors round differently. */
const TOLERANCE = 1e-5;

/** One row a committed file. Throws an Error with the script's own words when one fails. */
export async function regenerate(python: string): Promise<ParityRun> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const temporary = await mkdtemp(join(tmpdir(), 'burnish-fixtures-'));
  try {
    await cp(join(root, SCRIPTS_FOLDER), join(temporary, SCRIPTS_FOLDER), { recursive: true });
    for (const folder of FOLDERS) await mkdir(join(temporary, folder), { recursive: true });
    for (const script of SCRIPTS) {
      console.error(`${script}.py`);
      await runScript(python, join(temporary, SCRIPTS_FOLDER, `${script}.py`));
    }
    const rows: ParityRow[] = [];
    const failures: string[] = [];
    for (const file of await filesOf([root, temporary])) {
      const comparison = await compareFiles(join(root, file), join(temporary, file));
      const pass = comparison.problem === undefined && comparison.difference <= TOLERANCE;
      if (comparison.problem !== undefined) failures.push(`${file}: ${comparison.problem}`);
      rows.push({
        check: file,
        against: 'the same script, run now',
        file,
        cases: comparison.numbers,
        failed: pass ? 0 : 1,
        largest: { difference: comparison.difference, tolerance: TOLERANCE },
        pass,
      });
    }
    return { rows, failures };
  } finally {
    await rm(temporary, { recursive: true });
  }
}

async function runScript(python: string, script: string): Promise<void> {
  try {
    const env = { ...process.env, OMP_NUM_THREADS: '1', HF_HUB_OFFLINE: '1' };
    await promisify(execFile)(python, [script], { env, maxBuffer: 2 ** 26 });
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    throw new Error(`--regenerate: ${python} ${script} failed: ${stderr.trim() || message}`, {
      cause: error,
    });
  }
}

/** Every file in the fixture folders of either tree, relative to the tree. */
async function filesOf(trees: readonly string[]): Promise<string[]> {
  const files = new Set<string>();
  for (const tree of trees)
    for (const folder of FOLDERS)
      for (const entry of await readdir(join(tree, folder), { recursive: true, withFileTypes: true }))
        if (entry.isFile())
          files.add(join(entry.parentPath, entry.name).slice(tree.length).replace(/^\//, ''));
  return [...files].sort();
}

async function compareFiles(committed: string, made: string): Promise<Comparison> {
  const read = committed.endsWith('.safetensors') ? readTensors : readJson;
  return compareValues(await read(committed), await read(made));
}

/** undefined when there is no such file. */
async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readTensors(path: string): Promise<unknown> {
  const tensors = await readSafetensors(path).catch(() => undefined);
  if (!tensors) return undefined;
  const plain = [...tensors].map(([name, { shape, data }]) => [name, { shape, data: [...data] }]);
  return Object.fromEntries(plain);
}
