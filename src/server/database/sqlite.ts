/** The server's database as an SQLite file. */
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createClient } from '@libsql/client/sqlite3';
import { drizzle } from 'drizzle-orm/libsql/sqlite3';
import type { BaseSQLiteDatabase } from 'drizzle-orm/sqlite-core';
import type { Database, Sql } from './database.ts';

/** How long a statement waits for another process's lock, in milliseconds. */
const BUSY_TIMEOUT = 10_000;

type Handle = BaseSQLiteDatabase<'async', { rowsAffected: number }>;

const asSql = (db: Handle): Sql => ({
  all: (query) => db.all(query),
  run: async (query) => (await db.run(query)).rowsAffected,
});

/** Opens or makes the file; every commit is on the disk when its promise resolves. */
export async function openSqlite(path: string): Promise<Database> {
  const file = resolve(path);
  await mkdir(dirname(file), { recursive: true });
  // One connection: its settings hold for every statement, and statements queue instead of meeting locks.
  const client = createClient({ url: pathToFileURL(file).href, concurrency: 1, timeout: BUSY_TIMEOUT });
  const db = drizzle({ client });
  try {
    await client.execute('PRAGMA journal_mode = WAL');
    await client.execute('PRAGMA synchronous = FULL');
  } catch (error) {
    client.close();
    throw new Error(`the database ${file} cannot be used: ${(error as Error).message}`, { cause: error });
  }
  // A transaction holds the connection over several calls: whatever else is asked waits for its end.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn.catch(() => undefined);
    return turn;
  };
  const { all, run } = asSql(db);
  return {
    dialect: 'sqlite',
    all: (query) => inTurn(() => all(query)) as never,
    run: (query) => inTurn(() => run(query)),
    transaction: (work) => inTurn(() => db.transaction((tx) => work(asSql(tx)))),
    async close() {
      await inTurn(async () => client.close());
    },
  };
}
