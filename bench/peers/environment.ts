/** Makes what the peers run in, on request: a Python environment and llama.cpp's libraries, under .cache. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Peers } from '../context.ts';
import type { MissingSide } from '../turns.ts';
import { LLAMA_RELEASE } from './llama-library.ts';

const CACHE = fileURLToPath(new URL('../../.cache', import.meta.url));

/** What was measured against. */
const PYTHON_PACKAGES = ['torch==2.13.0', 'transformers==5.18.0', 'trl==1.13.0', 'peft==0.21.0'];
/** The package of node-llama-cpp that holds nothing but llama.cpp's libraries for one platform. */
const LLAMA_VERSION = '3.22.1';

/** Runs a program to its end, its output shown as remarks; rejects with its last lines when it fails. */
async function run(program: string, args: readonly string[], remark: (line: string) => void): Promise<void> {
  remark(`${program} ${args.join(' ')}`);
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => output.push(chunk.toString()));
  const code = await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`cannot run ${program}: ${error.message}`)));
    child.on('close', resolve);
  });
  if (code === 0) return;
  const last = output.join('').trim().split('\n').slice(-4).join('\n');
  throw new Error(`${program} ${args.slice(0, 3).join(' ')} failed:\n${last}`);
}

/**
 * The Python of `.cache/peers`, made if it is not there. Throws with pip's own words, and leaves nothing half-made behind,
 * when the packages cannot be had; where pip finds them is pip's own business (PIP_INDEX_URL, pip.conf).
 */
export async function ownPython(remark: (line: string) => void): Promise<string> {
  const folder = join(CACHE, 'peers');
  const python = join(folder, 'bin', 'python');
  if (existsSync(join(folder, 'complete'))) return python;
  await rm(folder, { recursive: true, force: true });
  try {
    await run('python3', ['-m', 'venv', folder], remark);
    await run(python, ['-m', 'pip', 'install', '--disable-pip-version-check', ...PYTHON_PACKAGES], remark);
    await run(python, ['-c', `open(${JSON.stringify(join(folder, 'complete'))}, 'w').close()`], remark);
    return python;
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new Error(
      `the peers' Python environment could not be made: ${(error as Error).message}\n` +
        `Give a Python that has ${PYTHON_PACKAGES.join(' ')} with --peers <python>, or leave --peers out.`,
    );
  }
}

/** The folder of llama.cpp's libraries, installed with npm if it is not there; never a dependency of the project. */
export async function llamaLibraries(remark: (line: string) => void): Promise<string | MissingSide> {
  const missing = (why: string): MissingSide => ({ name: `llama.cpp ${LLAMA_RELEASE}`, missing: why });
  const target = `${platform()}-${arch()}`;
  if (target !== 'linux-x64' && target !== 'linux-arm64')
    return missing(`no libraries are known for ${target}`);
  const prefix = join(CACHE, 'llama');
  const name = `@node-llama-cpp/${target}`;
  const folder = join(prefix, 'node_modules', name, 'bins', target);
  if (existsSync(folder)) return folder;
  try {
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund'];
    await run('npm', ['install', '--prefix', prefix, ...flags, `${name}@${LLAMA_VERSION}`], remark);
    return folder;
  } catch (error) {
    await rm(prefix, { recursive: true, force: true });
    return missing(`its package could not be installed: ${(error as Error).message.split('\n').at(-1)}`);
  }
}

/** Says which modules a Python lacks, without importing them. */
const FIND_MODULES =
  'import importlib.util, sys; sys.exit(" ".join(m for m in sys.argv[1:] if importlib.util.find_spec(m) is None) or 0)';

/** Throws unless the Python runs and has what the peers import. */
async function checkPython(python: string): Promise<void> {
  const modules = PYTHON_PACKAGES.map((name) => name.split('==')[0]);
  try {
    await run(python, ['-c', FIND_MODULES, ...modules], () => undefined);
  } catch (error) {
    const lines = (error as Error).message.split('\n');
    const why = lines.length > 1 ? `it lacks ${lines.at(-1)}` : lines[0];
    throw new Error(`--peers ${python}: ${why}; expected a Python that has ${modules.join(', ')}`);
  }
}

/** Everything that peers need. `python`: one to use instead of making one. */
export async function setUpPeers(python: string | undefined, remark: (line: string) => void): Promise<Peers> {
  if (python !== undefined) await checkPython(python);
  return { python: python ?? (await ownPython(remark)), llama: await llamaLibraries(remark) };
}
