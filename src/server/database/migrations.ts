/** The ordered migrations of the server's database, the same for both kinds. */
import { type SQL, sql } from 'drizzle-orm';
import type { Database } from './database.ts';

/**
 * Migration i (from 1) takes a database from version i - 1 to i. Append only: one that has been released is never
 * changed. `SERIAL` stands for a number that grows with every row.
 *
 * All that the API keeps is a record: an object with an id, of a kind, perhaps of a parent (a job's events). `body` is
 * JSON; `version` counts its changes.
 */
const MIGRATIONS: readonly (readonly string[])[] = [
  [
    `CREATE TABLE records (
      number SERIAL,
      kind TEXT NOT NULL,
      id TEXT NOT NULL,
      parent TEXT NOT NULL,
      version INTEGER NOT NULL,
      body TEXT NOT NULL,
      UNIQUE (kind, id)
    )`,
    'CREATE INDEX records_by_parent ON records (kind, parent, number)',
  ],
];

const SERIALS = {
  sqlite: 'INTEGER PRIMARY KEY AUTOINCREMENT',
  postgres: 'BIGSERIAL PRIMARY KEY',
};

export const SERVER_SCHEMA_VERSION = MIGRATIONS.length;

/** Brings a database to the version this code reads. Throws an Error when it is of a newer one. */
export async function migrate(database: Database): Promise<void> {
  const statement = (text: string): SQL => sql.raw(text.replaceAll('SERIAL', SERIALS[database.dialect]));
  await database.run(sql.raw('CREATE TABLE IF NOT EXISTS server_schema (version INTEGER PRIMARY KEY)'));
  await database.transaction(async (tx) => {
    const [{ version }] = await tx.all<{ version: number | null }>(
      sql`SELECT max(version) AS version FROM server_schema`,
    );
    const present = version ?? 0;
    if (present > SERVER_SCHEMA_VERSION)
      throw new Error(
        `the database was written by a newer Burnish (schema version ${present}; this one knows ${SERVER_SCHEMA_VERSION})`,
      );
    for (let next = present; next < MIGRATIONS.length; next++) {
      for (const text of MIGRATIONS[next]) await tx.run(statement(text));
      await tx.run(sql`INSERT INTO server_schema (version) VALUES (${next + 1})`);
    }
  });
}
