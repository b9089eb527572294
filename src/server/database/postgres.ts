/** The server's database in PostgreSQL. */
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { Pool, types } from 'pg';
import type { Database, Sql } from './database.ts';

/** PostgreSQL's type number of 64-bit integers, which the driver hands over as text unless told otherwise. */
const INT8 = 20;
const MOST_CONNECTIONS = 10;

type Handle = Pick<NodePgDatabase, 'execute'>;

const asSql = (db: Handle): Sql => ({
  all: async <Row>(query: Parameters<Handle['execute']>[0]) => (await db.execute(query)).rows as Row[],
  run: async (query) => (await db.execute(query)).rowCount ?? 0,
});

/** Connects to `postgres://user:password@host/database`. Throws an Error without the password where that fails. */
export async function openPostgres(url: string): Promise<Database> {
  const pool = new Pool({
    connectionString: url,
    max: MOST_CONNECTIONS,
    types: {
      getTypeParser: (id, format) => (id === INT8 ? Number : types.getTypeParser(id, format)) as never,
    },
  });
  // A connection that dies while idle is replaced; without a listener it would end the process.
  pool.on('error', () => undefined);
  try {
    await pool.query('SELECT 1');
  } catch (error) {
    await pool.end();
    throw new Error(`the database of DATABASE_URL cannot be used: ${(error as Error).message}`, {
      cause: error,
    });
  }
  const db = drizzle({ client: pool });
  return {
    dialect: 'postgres',
    ...asSql(db),
    transaction: (work) => db.transaction((tx) => work(asSql(tx))),
    close: () => pool.end(),
  };
}
