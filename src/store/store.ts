/** The run store on SQLite: runs, their event streams, metrics and trajectories. */
import { and, asc, desc, eq, gt, inArray, max, type SQL, sql } from 'drizzle-orm';
import { type Connection, connect, type Database } from './connection.ts';
import { metricRow, metricValue, trajectoryRecord, trajectoryRow } from './rows.ts';
import { events, metrics, runs, trajectories } from './schema.ts';
import type { MetricSeries, NewEvent, NewTrajectory, RunPatch, Store } from './types.ts';

/** Rows to an INSERT: well below the databases' limits on parameters. */
const CHUNK = 256;

const now = () => new Date().toISOString();

async function inChunks<Row>(rows: Row[], insert: (chunk: Row[]) => Promise<unknown>): Promise<void> {
  for (let i = 0; i < rows.length; i += CHUNK) await insert(rows.slice(i, i + CHUNK));
}

/** Updates the run and its `updatedAt`. Throws when there is none. */
async function touch(db: Database, id: string, patch: RunPatch = {}): Promise<void> {
  const found = await db
    .update(runs)
    .set({ ...patch, updatedAt: now() })
    .where(eq(runs.id, id))
    .returning({ id: runs.id });
  if (found.length === 0) throw new Error(`there is no run ${JSON.stringify(id)}`);
}

async function insertEvents(db: Database, runId: string, step: number, added: NewEvent[]): Promise<void> {
  if (added.length === 0) return;
  const [row] = await db
    .select({ last: max(events.sequence) })
    .from(events)
    .where(eq(events.runId, runId));
  const first = (row.last ?? -1) + 1;
  const values = added.map((event, i) => ({
    runId,
    sequence: first + i,
    step,
    type: event.type,
    time: event.time ?? now(),
    data: event.data ?? null,
  }));
  await inChunks(values, (chunk) => db.insert(events).values(chunk));
}

async function insertMetrics(
  db: Database,
  runId: string,
  step: number,
  added: Record<string, number>,
): Promise<void> {
  const values = Object.entries(added).map(([name, value]) => ({ runId, step, ...metricRow(name, value) }));
  await inChunks(values, (chunk) =>
    db
      .insert(metrics)
      .values(chunk)
      .onConflictDoUpdate({
        target: [metrics.runId, metrics.name, metrics.step],
        set: { value: sql`excluded.value`, nonFinite: sql`excluded.non_finite` },
      }),
  );
}

async function insertTrajectories(
  db: Database,
  runId: string,
  step: number,
  added: NewTrajectory[],
): Promise<void> {
  if (added.length === 0) return;
  const rows = await db
    .select({ split: trajectories.split, last: max(trajectories.position) })
    .from(trajectories)
    .where(and(eq(trajectories.runId, runId), eq(trajectories.step, step)))
    .groupBy(trajectories.split);
  const next = new Map(rows.map((row) => [row.split, (row.last ?? -1) + 1]));
  const values = added.map((trajectory) => {
    const position = next.get(trajectory.split) ?? 0;
    next.set(trajectory.split, position + 1);
    return { runId, step, position, ...trajectoryRow(trajectory) };
  });
  await inChunks(values, (chunk) => db.insert(trajectories).values(chunk));
}

function checkStep(step: number, least: number): void {
  if (!Number.isSafeInteger(step) || step < least)
    throw new RangeError(`step: ${step}, expected an integer of at least ${least}`);
}

/**
 * Opens the store at `path`, making the file and its folder when they are missing and migrating an older one.
 * With `readOnly` nothing is made or changed and writing rejects. Throws a `StoreError` with the path and the cause.
 */
export async function openStore(path: string, options: { readOnly?: boolean } = {}): Promise<Store> {
  return storeOn(await connect(path, options.readOnly ?? false));
}

function storeOn(connection: Connection): Store {
  const { read, write } = connection;
  return {
    async createRun(run) {
      const time = run.createdAt ?? now();
      await write(async (db) => {
        const created = await db
          .insert(runs)
          .values({
            id: run.id,
            name: run.name,
            method: run.method,
            status: run.status ?? 'running',
            config: run.config ?? null,
            seed: run.seed,
            folder: run.folder,
            createdAt: time,
            updatedAt: time,
            summary: run.summary ?? null,
            error: run.error ?? null,
          })
          .onConflictDoNothing()
          .returning({ id: runs.id });
        if (created.length === 0) throw new Error(`there is a run ${JSON.stringify(run.id)} already`);
      });
    },

    async updateRun(id, patch) {
      await write((db) => touch(db, id, patch));
    },

    async run(idOrPrefix) {
      if (idOrPrefix === '') return undefined;
      return read(async (db) => {
        const [exact] = await db.select().from(runs).where(eq(runs.id, idOrPrefix));
        if (exact !== undefined) return exact;
        const starts = sql`substr(${runs.id}, 1, ${idOrPrefix.length}) = ${idOrPrefix}`;
        const found = await db.select().from(runs).where(starts).orderBy(asc(runs.id)).limit(6);
        if (found.length > 1) {
          const names = found.slice(0, 5).map((run) => run.id);
          const more = found.length > names.length ? ', …' : '';
          throw new Error(`${JSON.stringify(idOrPrefix)} fits several runs: ${names.join(', ')}${more}`);
        }
        return found[0];
      });
    },

    runs(filter = {}) {
      const { status, method, name, limit } = filter;
      return read((db) => {
        const wanted: (SQL | undefined)[] = [
          status === undefined ? undefined : eq(runs.status, status),
          method === undefined ? undefined : eq(runs.method, method),
          name === undefined ? undefined : eq(runs.name, name),
        ];
        const query = db
          .select()
          .from(runs)
          .where(and(...wanted))
          .orderBy(desc(runs.createdAt), desc(runs.id));
        return limit === undefined ? query : query.limit(limit);
      });
    },

    async commitStep(runId, step, rows) {
      await write(async (db) => {
        checkStep(step, 0);
        await touch(db, runId);
        await insertEvents(db, runId, step, rows.events ?? []);
        await insertMetrics(db, runId, step, rows.metrics ?? {});
        await insertTrajectories(db, runId, step, rows.trajectories ?? []);
      });
    },

    async truncateAfter(runId, step) {
      await write(async (db) => {
        checkStep(step, -1);
        await touch(db, runId);
        for (const table of [events, metrics, trajectories])
          await db.delete(table).where(and(eq(table.runId, runId), gt(table.step, step)));
      });
    },

    events(runId, options = {}) {
      const { afterSequence, types, limit } = options;
      return read((db) => {
        const wanted: (SQL | undefined)[] = [
          eq(events.runId, runId),
          afterSequence === undefined ? undefined : gt(events.sequence, afterSequence),
          types === undefined ? undefined : inArray(events.type, types),
        ];
        const { sequence, step, type, time, data } = events;
        const query = db
          .select({ sequence, step, type, time, data })
          .from(events)
          .where(and(...wanted))
          .orderBy(asc(sequence));
        return limit === undefined ? query : query.limit(limit);
      });
    },

    metrics(runId, names) {
      return read(async (db) => {
        const named = names === undefined ? undefined : inArray(metrics.name, names);
        const rows = await db
          .select()
          .from(metrics)
          .where(and(eq(metrics.runId, runId), named))
          .orderBy(asc(metrics.name), asc(metrics.step));
        const series = new Map<string, MetricSeries>();
        for (const row of rows) {
          let one = series.get(row.name);
          if (one === undefined) {
            one = { name: row.name, steps: [], values: [] };
            series.set(row.name, one);
          }
          one.steps.push(row.step);
          one.values.push(metricValue(row));
        }
        const order = names ?? [...series.keys()].sort();
        return [...new Set(order)].flatMap((name) => series.get(name) ?? []);
      });
    },

    trajectories(runId, filter = {}) {
      const { step, split, taskId, limit, offset } = filter;
      return read(async (db) => {
        const wanted: (SQL | undefined)[] = [
          eq(trajectories.runId, runId),
          step === undefined ? undefined : eq(trajectories.step, step),
          split === undefined ? undefined : eq(trajectories.split, split),
          taskId === undefined ? undefined : eq(trajectories.taskId, taskId),
        ];
        const rows = await db
          .select()
          .from(trajectories)
          .where(and(...wanted))
          .orderBy(asc(trajectories.step), asc(trajectories.split), asc(trajectories.position))
          .limit(limit ?? Number.MAX_SAFE_INTEGER)
          .offset(offset ?? 0);
        return rows.map(trajectoryRecord);
      });
    },

    close: () => connection.close(),
  };
}
