/** Opens the SQLite file of the store: one connection, one operation at a time, settings applied, schema current. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Client, createClient } from '@libsql/client/sqlite3';
import { drizzle } from 'drizzle-orm/libsql/sqlite3';
import type { BaseSQLiteDatabase } from 'drizzle-orm/sqlite-core';
import { StoreError, storeError } from './errors.ts';
import { migrate, readVersion, SCHEMA_VERSION } from './migrations.ts';

/** A database or a transaction of it. */
export type Database = BaseSQLiteDatabase<'async', unknown>;

/** How long a statement waits for another process's lock, in milliseconds. */
const BUSY_TIMEOUT = 10_000;

export interface Connection {
  /** Runs `query` when everything asked before is done. */
  read<T>(query: (db: Database) => Promise<T>): Promise<T>;
  /** Runs `work` in one write transaction: all of it is kept, or none. */
  write<T>(work: (db: Database) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Checks what the driver would get wrong or say badly, and makes the folder of a new database. */
function prepare(path: string, readOnly: boolean): void {
  if (existsSync(path)) {
    if (!statSync(path).isFile()) throw new Error('it is a folder, expected a file');
  } else if (readOnly) throw new Error('there is no such file; has a run been started?');
  else mkdirSync(dirname(path), { recursive: true });
}

/**
 * Opens the database at `path`. The write-ahead log lets readers work while a writer writes, and every commit is on
 * the disk when its promise resolves (synchronous = FULL, SQLite's default). A read-only connection refuses every
 * write and never migrates.
 */
export async function connect(path: string, readOnly: boolean): Promise<Connection> {
  const file = resolve(path);
  let client: Client | undefined;
  try {
    prepare(file, readOnly);
    // One connection, so that its settings hold for every statement.
    client = createClient({ url: pathToFileURL(file).href, concurrency: 1, timeout: BUSY_TIMEOUT });
    const db = drizzle({ client });
    if (readOnly) {
      await client.execute('PRAGMA query_only = ON');
      const version = await readVersion(db);
      if (version < SCHEMA_VERSION)
        throw new Error(
          `its schema version is ${version}, this Burnish reads ${SCHEMA_VERSION}: start or resume a run to update it`,
        );
    } else {
      // Looks before it touches: a foreign file is refused without a change.
      if ((await readVersion(db)) < SCHEMA_VERSION) {
        await client.execute('PRAGMA journal_mode = WAL');
        await db.transaction((tx) => migrate(tx));
      }
    }
    return serialise(file, client, db, readOnly);
  } catch (error) {
    client?.close();
    throw storeError('open', file, error);
  }
}

function serialise(file: string, client: Client, db: Database, readOnly: boolean): Connection {
  let last: Promise<unknown> = Promise.resolve();
  let closed: Promise<void> | undefined;
  function queue<T>(action: string, work: () => Promise<T>): Promise<T> {
    if (closed !== undefined)
      return Promise.reject(new StoreError(`cannot ${action} the run store ${file}: it is closed`, file));
    const result = last.then(work).catch((error: unknown) => {
      throw storeError(action, file, error);
    });
    last = result.catch(() => undefined);
    return result;
  }
  return {
    read: (query) => queue('read', () => query(db)),
    // The driver begins its transactions as IMMEDIATE: the lock is taken before the first read.
    write: (work) => queue('write to', () => db.transaction((tx) => work(tx))),
    close() {
      closed ??= last.then(async () => {
        // Folds the log into the file where no other process is at work, so that a copy of the file is whole.
        if (!readOnly) await client.execute('PRAGMA wal_checkpoint(TRUNCATE)').catch(() => undefined);
        client.close();
      });
      return closed;
    },
  };
}
