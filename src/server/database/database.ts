/** One way to ask two databases: SQLite by default, PostgreSQL by URL. */
import type { SQL } from 'drizzle-orm';
import { openPostgres } from './postgres.ts';
import { openSqlite } from './sqlite.ts';

/** Statements, written with drizzle's `sql` in what both databases understand. */
export interface Sql {
  /** Rows of a query. */
  all<Row>(query: SQL): Promise<Row[]>;
  /** Number of rows that a statement changed. */
  run(query: SQL): Promise<number>;
}

export interface Database extends Sql {
  readonly dialect: 'sqlite' | 'postgres';
  /** Runs `work` as a whole or not at all. */
  transaction<T>(work: (sql: Sql) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Opens `postgres://…`, or the SQLite file at a path. Throws an Error that says what is wrong with the place, without
 * the URL's password.
 */
export async function openDatabase(place: string): Promise<Database> {
  return /^postgres(ql)?:\/\//.test(place) ? await openPostgres(place) : await openSqlite(place);
}
