/** A process that runs the code of others, with as few rights as a process can be given; the parent's side. */
import { type ChildProcess, fork } from 'node:child_process';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What the code returned, or what it did wrong. */
export type Outcome = { value: unknown } | { problem: string };

/** The process could not be started, or died of something that is not the code's fault. */
export class SandboxError extends Error {
  override name = 'SandboxError';
}

/** The code took too long or too much, and its process was ended. */
export class LimitError extends Error {
  override name = 'LimitError';
}

/** Starting includes loading an interpreter, in milliseconds. */
const START_LIMIT = 60_000;
const HEAP_MEGABYTES = 256;

/** Folders that a child has to read: its own script, and the interpreters in node_modules. */
function readableFolders(script: string): string[] {
  const folders = [dirname(script)];
  for (const name of ['pyodide', 'quickjs-emscripten']) {
    const place = fileURLToPath(import.meta.resolve(name));
    const at = place.lastIndexOf('node_modules');
    folders.push(place.slice(0, at + 'node_modules'.length));
  }
  return [...new Set(folders)];
}

function flags(script: string): string[] {
  const permission = process.allowedNodeEnvironmentFlags.has('--permission')
    ? '--permission'
    : '--experimental-permission';
  return [
    permission,
    ...readableFolders(script).map((folder) => `--allow-fs-read=${folder}/*`),
    '--disallow-code-generation-from-strings',
    `--max-old-space-size=${HEAP_MEGABYTES}`,
    '--no-warnings',
  ];
}

interface Waiting {
  resolve(outcome: Outcome): void;
  reject(error: Error): void;
  timer: NodeJS.Timeout;
}

/** One process, started when it is first needed and again after it was ended. Requests are answered one at a time. */
export class SandboxProcess {
  private readonly script: string;
  private readonly timeLimit: number;
  private child: ChildProcess | undefined;
  private ready: Promise<void> = Promise.resolve();
  private readonly waiting = new Map<number, Waiting>();
  private last: Promise<unknown> = Promise.resolve();
  private nextId = 0;

  /** `timeLimit`: of one run, in milliseconds. */
  constructor(script: string, timeLimit: number) {
    this.script = script;
    this.timeLimit = timeLimit;
  }

  /** Runs code. Rejects with a LimitError, a SandboxError, or the signal's reason. */
  run(source: string, input: unknown, signal: AbortSignal): Promise<Outcome> {
    const turn = this.last.then(() => this.runNow(source, input, signal));
    this.last = turn.catch(() => undefined);
    return turn;
  }

  /** Ends the process; the next run starts another one. */
  close(): void {
    this.end(new SandboxError('the sandbox was closed'));
  }

  private async runNow(source: string, input: unknown, signal: AbortSignal): Promise<Outcome> {
    signal.throwIfAborted();
    if (this.child === undefined) this.start();
    await this.ready;
    const id = this.nextId++;
    return await new Promise<Outcome>((resolve, reject) => {
      const stop = () => this.end(signal.reason as Error);
      const settled = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        this.waiting.delete(id);
      };
      const timer = setTimeout(
        () => this.end(new LimitError(`it took longer than ${this.timeLimit / 1000} seconds`)),
        this.timeLimit,
      );
      signal.addEventListener('abort', stop);
      this.waiting.set(id, {
        timer,
        resolve: (outcome) => {
          settled();
          resolve(outcome);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.child?.send({ id, source, input });
    });
  }

  private start(): void {
    const child = fork(this.script, {
      // Nothing of this process's environment, no terminal, no way to its files.
      env: {},
      execArgv: flags(this.script),
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    this.child = child;
    this.ready = new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new SandboxError('its process did not start in time'));
        this.end(new SandboxError('its process did not start in time'));
      }, START_LIMIT);
      child.on('message', (message: { ready?: true; id?: number } & Partial<Outcome>) => {
        if (message.ready) {
          clearTimeout(timer);
          resolve();
        } else this.waiting.get(message.id as number)?.resolve(message as Outcome);
      });
      child.on('exit', (code, by) => {
        clearTimeout(timer);
        const how = by === null ? `ended with code ${code}` : `was killed by ${by}`;
        reject(new SandboxError(`its process ${how}`));
        if (this.child === child) this.end(new LimitError(`its process ${how}, out of memory most likely`));
      });
      child.on('error', (error) => {
        clearTimeout(timer);
        reject(new SandboxError(`its process cannot be started: ${error.message}`));
      });
    });
    // Met by whoever waits for it.
    this.ready.catch(() => undefined);
    child.unref();
    child.channel?.unref();
  }

  private end(error: Error): void {
    const { child } = this;
    this.child = undefined;
    child?.kill('SIGKILL');
    for (const one of [...this.waiting.values()]) one.reject(error);
  }
}
