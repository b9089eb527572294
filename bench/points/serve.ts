/** A piece of our own work in a process of its own, driven line by line like a peer: its memory is then its own. */
import { createInterface } from 'node:readline';

const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

/** Peak resident memory of this process so far, MiB. */
export function peakMemoryMiB(): number {
  return process.resourceUsage().maxRSS / 1024;
}

/**
 * Announces that the work is ready, then does one timed repetition for each line `go`, until `quit` or the end of the input.
 * `repetition` returns the seconds it took and what else there is to tell.
 */
export async function servePoint(
  repetition: () => Promise<{ seconds: number } & Record<string, unknown>>,
): Promise<void> {
  say({ ready: true, peer: 'ours' });
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'quit') break;
    if (line === 'go') say({ ...(await repetition()), memoryMiB: peakMemoryMiB() });
    else say({ error: `line '${line}': expected go or quit` });
  }
}
