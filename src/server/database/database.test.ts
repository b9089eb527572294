/** Both databases keep records the same way. PostgreSQL where BURNISH_TEST_POSTGRES names one (`.ci/run` starts it). */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Database, openDatabase } from './database.ts';
import { migrate, SERVER_SCHEMA_VERSION } from './migrations.ts';
import { Records } from './records.ts';

const folder = mkdtempSync(join(tmpdir(), 'burnish-database-'));
afterAll(() => rmSync(folder, { recursive: true }));
const places: [string, string | undefined][] = [
  ['sqlite', join(folder, 'server.db')],
  ['postgres', process.env.BURNISH_TEST_POSTGRES],
];

describe.each(places.filter(([, place]) => place !== undefined) as [string, string][])(
  '%s',
  (dialect, place) => {
    let database: Database;
    let things: Records<{ id: string; n: number; text?: string }>;
    beforeAll(async () => {
      database = await openDatabase(place);
      if (dialect === 'postgres') await database.run(sql.raw('DROP TABLE IF EXISTS records, server_schema'));
      await migrate(database);
      things = new Records(database, 'thing');
    });
    afterAll(() => database.close());

    it('is migrated once, and not by what is older', async () => {
      await migrate(database);
      const versions = await database.all<{ version: number }>(sql`SELECT version FROM server_schema`);
      expect(versions.map(({ version }) => version)).toEqual([SERVER_SCHEMA_VERSION]);
      await database.run(sql`INSERT INTO server_schema (version) VALUES (99)`);
      await expect(migrate(database)).rejects.toThrow(/newer Burnish/);
      await database.run(sql`DELETE FROM server_schema WHERE version = 99`);
    });

    it('keeps what it is given, and lists it by pages both ways', async () => {
      const text = "é 💥 \u202e '; DROP TABLE records; -- {{x}} %s ? $1 \\";
      for (let n = 0; n < 7; n++)
        await things.add({ id: `t${n}`, parent: 'p', body: { id: `t${n}`, n, text } });
      await things.add({ id: 't0', parent: 'p', body: { id: 't0', n: 100 } });
      expect(await things.get('t0')).toEqual({ id: 't0', n: 0, text });
      expect(await things.get('none')).toBeUndefined();
      const pages: number[][] = [];
      let after: string | undefined;
      for (;;) {
        const { data, hasMore } = await things.list({ parent: 'p', after, limit: 3 });
        pages.push(data.map(({ n }) => n));
        if (!hasMore) break;
        after = data[data.length - 1].id;
      }
      expect(pages).toEqual([[6, 5, 4], [3, 2, 1], [0]]);
      const { data } = await things.list({ parent: 'p', after: 't4', limit: 9, order: 'asc' });
      expect(data.map(({ n }) => n)).toEqual([5, 6]);
      expect(await things.list({ parent: 'other', limit: 3 })).toEqual({ data: [], hasMore: false });
      expect((await things.everything('p')).map(({ n }) => n)).toEqual([0, 1, 2, 3, 4, 5, 6]);
      expect(await things.remove('t3')).toBe(true);
      expect(await things.remove('t3')).toBe(false);
    });

    it('keeps the newest where there are to be fewer', async () => {
      const few = new Records<{ n: number }>(database, 'few');
      for (let n = 0; n < 5; n++) await few.add({ id: `f${n}`, parent: `p${n % 2}`, body: { n } });
      await few.trim(5);
      expect(await few.get('f0')).toEqual({ n: 0 });
      await few.trim(2);
      const left = await Promise.all([0, 1, 2, 3, 4].map((n) => few.get(`f${n}`)));
      expect(left.map((one) => one?.n)).toEqual([undefined, undefined, undefined, 3, 4]);
      expect((await things.everything('p')).length).toBe(6);
    });

    it('loses no change that others make at the same time', async () => {
      await things.add({ id: 'counter', body: { id: 'counter', n: 0 } });
      await Promise.all(
        Array.from({ length: 20 }, () => things.update('counter', (one) => ({ ...one, n: one.n + 1 }))),
      );
      expect((await things.get('counter'))?.n).toBe(20);
      expect(await things.update('none', (one) => one)).toBeUndefined();
    });

    it('keeps all of a transaction or nothing', async () => {
      const failing = database.transaction(async (tx) => {
        await tx.run(sql`DELETE FROM records WHERE kind = 'thing'`);
        throw new Error('stop');
      });
      await expect(failing).rejects.toThrow('stop');
      expect(await things.get('counter')).toBeDefined();
    });
  },
);

it('a place that cannot be used is named, without its password', async () => {
  const error: Error = await openDatabase('postgres://me:secret@127.0.0.1:1/x').then(
    () => new Error('opened'),
    (reason) => reason,
  );
  expect(error.message).toMatch(/DATABASE_URL cannot be used/);
  expect(error.message).not.toContain('secret');
});
