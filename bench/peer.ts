/** A peer program in Python that does one timed repetition each time it is told to, so that both sides take turns. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** One repetition as the peer reports it. */
export interface PeerRepetition {
  tokensPerSecond: number;
}

export class Peer {
  readonly description: string;
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: AsyncIterator<string>;

  private constructor(
    child: ChildProcessWithoutNullStreams,
    lines: AsyncIterator<string>,
    description: string,
  ) {
    this.child = child;
    this.lines = lines;
    this.description = description;
  }

  /** Starts bench/peers/<script> and waits until it is warm. Throws with the peer's own words when it cannot start. */
  static async start(python: string, script: string, settings: Record<string, unknown>): Promise<Peer> {
    const path = fileURLToPath(new URL(`./peers/${script}`, import.meta.url));
    const child = spawn(python, [path, JSON.stringify({ ...settings, interactive: true })]);
    const errors: string[] = [];
    child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const failed = new Promise<never>((_, reject) => child.on('error', reject));
    const first = await Promise.race([lines.next(), failed]);
    if (first.done) throw new Error(`${script} ended before it was ready: ${errors.join('').slice(-500)}`);
    const ready = JSON.parse(first.value) as { ready?: boolean; error?: string; peer?: string };
    if (!ready.ready) throw new Error(`${script}: ${ready.error ?? first.value}`);
    return new Peer(child, lines, ready.peer ?? script);
  }

  /** One repetition; `argument` is passed on. */
  async go(argument: string | number = ''): Promise<PeerRepetition> {
    this.child.stdin.write(`go ${argument}`.trimEnd().concat('\n'));
    const line = await this.lines.next();
    if (line.done) throw new Error('the peer ended in the middle of a benchmark');
    return JSON.parse(line.value) as PeerRepetition;
  }

  stop(): void {
    this.child.stdin.end('quit\n');
  }
}
