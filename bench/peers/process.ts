/** A peer in a process of its own that does one timed repetition each time it is told to, so that sides take turns. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One repetition as the peer reports it; more keys where a peer has more to tell. */
export interface PeerRepetition {
  seconds: number;
  tokensPerSecond?: number;
}

interface Ready {
  ready?: boolean;
  error?: string;
  peer?: string;
}

const NODE_PEER = ['--import', 'tsx'];

/** A running peer: JSON lines out, one command a line in; the protocol is described in common.py. */
export class PeerProcess {
  /** What it is called in the table. */
  readonly description: string;
  /** What it said when it was ready: versions, settings, choices it made. */
  readonly ready: Readonly<Record<string, unknown>>;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;
  private readonly errors: string[];

  private constructor(
    child: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string>,
    errors: string[],
    ready: Record<string, unknown>,
  ) {
    this.child = child;
    this.lines = lines;
    this.errors = errors;
    this.ready = ready;
    this.description = typeof ready.peer === 'string' ? ready.peer : 'peer';
  }

  /** Starts bench/peers/<script> in Python and waits until it is warm. Throws with the peer's own words when it cannot start. */
  static python(python: string, script: string, settings: Record<string, unknown>): Promise<PeerProcess> {
    return PeerProcess.start(python, [], script, { ...settings, interactive: true });
  }

  /** The same for a script in TypeScript, run by this Node. */
  static node(script: string, settings: Record<string, unknown>): Promise<PeerProcess> {
    return PeerProcess.start(process.execPath, NODE_PEER, script, settings);
  }

  private static async start(
    program: string,
    options: readonly string[],
    script: string,
    settings: Record<string, unknown>,
  ): Promise<PeerProcess> {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn(program, [...options, path, JSON.stringify(settings)]);
    const errors: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    // A peer that dies between two commands shows in the next answer, not as a broken pipe here.
    child.stdin.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const failed = new Promise<never>((_, reject) => child.on('error', reject));
    failed.catch(() => undefined);
    const first = await Promise.race([lines.next(), failed]);
    if (first.done) throw new Error(`${script} ended before it was ready: ${lastWords(errors)}`);
    const ready = JSON.parse(first.value) as Ready & Record<string, unknown>;
    if (!ready.ready) {
      child.kill();
      throw new Error(`${script}: ${ready.error ?? first.value}`);
    }
    return new PeerProcess(child, lines, errors, ready);
  }

  /** One repetition; the arguments are passed on. Throws with the peer's words when it refuses or ends. */
  async go(...values: readonly (string | number)[]): Promise<PeerRepetition & Record<string, unknown>> {
    this.child.stdin.write(`${['go', ...values].join(' ')}\n`);
    const line = await this.lines.next();
    if (line.done)
      throw new Error(`${this.description} ended in the middle of a benchmark: ${lastWords(this.errors)}`);
    const answer = JSON.parse(line.value) as PeerRepetition & { error?: string };
    if (answer.error !== undefined) throw new Error(`${this.description}: ${answer.error}`);
    return { ...answer };
  }

  /** Ends the peer and waits until its memory is free again. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin.end('quit\n');
    await ended;
  }
}

function lastWords(errors: readonly string[]): string {
  return errors.join('').trim().slice(-600) || 'it said nothing';
}
