/** An empty PostgreSQL database for a test, where BURNISH_TEST_POSTGRES names a server. */
import { Client } from 'pg';
import { randomName } from '../ids.ts';

/** URL of a new database; undefined where there is no server. */
export async function freshPostgres(): Promise<string | undefined> {
  const { BURNISH_TEST_POSTGRES: place } = process.env;
  if (place === undefined) return undefined;
  const name = `burnish_${randomName(12).toLowerCase()}`;
  const client = new Client({ connectionString: place });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  const url = new URL(place);
  url.pathname = `/${name}`;
  return url.href;
}
