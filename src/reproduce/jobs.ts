/** Runs jobs that depend on one another, so many at a time. */

export interface Job {
  id: string;
  /** Jobs that must end well first. */
  needs: readonly string[];
  run(): Promise<void>;
}

/** How a job ended. `skipped`: one it needs did not end well. */
export type JobOutcome =
  | { status: 'done' }
  | { status: 'failed'; error: unknown }
  | { status: 'skipped'; because: string };

export interface JobOptions {
  /** Jobs at a time, at least 1. */
  slots: number;
  /** When aborted, no further job is started. */
  signal?: AbortSignal;
  onOutcome?(id: string, outcome: JobOutcome): void;
}

/**
 * Runs the jobs in their order as slots come free; one that fails stops only those that need it. Resolves when nothing
 * runs any more; jobs that were never started have no outcome. Throws when a job needs one that is not in the list.
 */
export async function runJobs(
  jobs: readonly Job[],
  { slots, signal, onOutcome }: JobOptions,
): Promise<Map<string, JobOutcome>> {
  const known = new Set(jobs.map(({ id }) => id));
  for (const { id, needs } of jobs)
    for (const need of needs)
      if (!known.has(need)) throw new Error(`job ${id} needs ${need}, which is not among the jobs`);
  const outcomes = new Map<string, JobOutcome>();
  const waiting = [...jobs];
  const running = new Map<string, Promise<void>>();

  const settle = (id: string, outcome: JobOutcome) => {
    outcomes.set(id, outcome);
    onOutcome?.(id, outcome);
  };
  const start = ({ id, run }: Job) => {
    const work = run()
      .then(
        () => settle(id, { status: 'done' }),
        (error: unknown) => settle(id, { status: 'failed', error }),
      )
      .finally(() => running.delete(id));
    running.set(id, work);
  };
  /** Skips what cannot run any more, and starts what can. */
  const advance = () => {
    for (let skipped = true; skipped; ) {
      skipped = false;
      for (const job of [...waiting]) {
        const bad = job.needs.find((need) => (outcomes.get(need)?.status ?? 'done') !== 'done');
        if (bad === undefined) continue;
        waiting.splice(waiting.indexOf(job), 1);
        settle(job.id, { status: 'skipped', because: bad });
        skipped = true;
      }
    }
    for (const job of [...waiting]) {
      if (running.size >= slots || signal?.aborted) return;
      if (!job.needs.every((need) => outcomes.has(need))) continue;
      waiting.splice(waiting.indexOf(job), 1);
      start(job);
    }
  };

  for (advance(); running.size > 0; advance()) await Promise.race(running.values());
  return outcomes;
}
