/** The ordered migrations that bring a database of any earlier version to the one this code reads. */
import { max, sql } from 'drizzle-orm';
import type { Database } from './connection.ts';
import { schemaVersion } from './schema.ts';

/**
 * Migration number i (from 1) takes a database from version i - 1 to i. Append only: one that has been released is
 * never changed. Each is applied with its version record in one transaction.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE runs (
      id TEXT PRIMARY KEY NOT NULL,
      name TEXT NOT NULL,
      method TEXT NOT NULL,
      status TEXT NOT NULL CHECK (status IN ('running', 'finished', 'failed', 'interrupted')),
      config TEXT,
      seed INTEGER NOT NULL,
      folder TEXT NOT NULL,
      created_at TEXT NOT NULL,
      updated_at TEXT NOT NULL,
      summary TEXT,
      error TEXT
    )`,
    `CREATE TABLE events (
      run_id TEXT NOT NULL REFERENCES runs (id),
      sequence INTEGER NOT NULL,
      step INTEGER NOT NULL,
      type TEXT NOT NULL,
      time TEXT NOT NULL,
      data TEXT,
      PRIMARY KEY (run_id, sequence)
    )`,
    `CREATE TABLE metrics (
      run_id TEXT NOT NULL REFERENCES runs (id),
      name TEXT NOT NULL,
      step INTEGER NOT NULL,
      value REAL,
      non_finite TEXT,
      PRIMARY KEY (run_id, name, step)
    )`,
    `CREATE TABLE trajectories (
      run_id TEXT NOT NULL REFERENCES runs (id),
      step INTEGER NOT NULL,
      split TEXT NOT NULL,
      position INTEGER NOT NULL,
      task_id TEXT NOT NULL,
      prompt TEXT NOT NULL,
      completion TEXT NOT NULL,
      score REAL,
      status TEXT NOT NULL,
      advantage REAL,
      tokens TEXT,
      logprobs TEXT,
      parts TEXT,
      PRIMARY KEY (run_id, step, split, position)
    )`,
  ],
];

/** Version of the database that this code reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Names of the tables in the database, of whichever program. */
async function tableNames(db: Database): Promise<string[]> {
  const rows = await db.all<{ name: string }>(
    sql`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`,
  );
  return rows.map((row) => row.name);
}

/**
 * Version of an open database, 0 when it is empty.
 * Throws when it holds another program's tables, or was written by a newer Burnish.
 */
export async function readVersion(db: Database): Promise<number> {
  const tables = await tableNames(db);
  if (tables.length === 0) return 0;
  if (!tables.includes('schema_version'))
    throw new Error(`it is another program's database (it holds the table ${JSON.stringify(tables[0])})`);
  const [row] = await db.select({ version: max(schemaVersion.version) }).from(schemaVersion);
  const version = row.version ?? 0;
  if (version > SCHEMA_VERSION)
    throw new Error(
      `it was written by a newer Burnish (schema version ${version}; this one reads up to ${SCHEMA_VERSION}): ` +
        'update Burnish, or choose another store',
    );
  return version;
}

/** Applies the migrations that are missing. Call it inside a write transaction: all are applied, or none. */
export async function migrate(db: Database): Promise<void> {
  const version = await readVersion(db);
  if (version === 0)
    await db.run(
      sql`CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY NOT NULL, applied_at TEXT NOT NULL)`,
    );
  for (let next = version + 1; next <= SCHEMA_VERSION; next++) {
    for (const statement of MIGRATIONS[next - 1]) await db.run(sql.raw(statement));
    await db.insert(schemaVersion).values({ version: next, appliedAt: new Date().toISOString() });
  }
}
