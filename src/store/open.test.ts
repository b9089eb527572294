/** Opening: migrations, versions, and one clear error for each thing that can be wrong. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Client, createClient } from '@libsql/client/sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { storeError } from './errors.ts';
import { openStore, StoreError } from './index.ts';
import { SCHEMA_VERSION } from './migrations.ts';

const folder = mkdtempSync(join(tmpdir(), 'burnish-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function withClient<T>(path: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = createClient({ url: pathToFileURL(path).href, concurrency: 1 });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

async function errorOf(work: Promise<unknown>): Promise<StoreError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

describe('a new store', () => {
  it('is made with its folder, in write-ahead mode, at the current version', async () => {
    const path = join(folder, 'deep', 'er', 'a b#?%.db');
    await (await openStore(path)).close();
    await (await openStore(path)).close();
    await withClient(path, async (client) => {
      expect((await client.execute('PRAGMA journal_mode')).rows[0].journal_mode).toBe('wal');
      const versions = await client.execute('SELECT version FROM schema_version');
      expect(versions.rows.map((row) => row.version)).toEqual([SCHEMA_VERSION]);
    });
  });
});

describe('openStore refuses', () => {
  it('a store of a newer version, and says so', async () => {
    const path = join(folder, 'newer.db');
    await (await openStore(path)).close();
    await withClient(path, (client) => client.execute("INSERT INTO schema_version VALUES (99, 'later')"));
    for (const readOnly of [false, true]) {
      const error = await errorOf(openStore(path, { readOnly }));
      expect(error.message).toMatch(
        /newer\.db: it was written by a newer Burnish \(schema version 99; this one/,
      );
      expect(error.path).toBe(path);
    }
  });

  it('a file that is no database, and leaves it alone', async () => {
    const path = join(folder, 'text.db');
    writeFileSync(path, 'not a database '.repeat(100));
    for (const readOnly of [false, true]) {
      const error = await errorOf(openStore(path, { readOnly }));
      expect(error.message).toBe(
        `cannot open the run store ${path}: it is not a database; ` +
          'choose another path or move the file away (SQLITE_NOTADB)',
      );
    }
    expect(readFileSync(path, 'utf8')).toBe('not a database '.repeat(100));
  });

  it("another program's database", async () => {
    const path = join(folder, 'other.db');
    await withClient(path, (client) => client.execute('CREATE TABLE songs (title TEXT)'));
    expect((await errorOf(openStore(path))).message).toMatch(/another program's database .*"songs"/);
    await withClient(path, async (client) => {
      const tables = await client.execute("SELECT name FROM sqlite_master WHERE type = 'table'");
      expect(tables.rows.map((row) => row.name)).toEqual(['songs']);
    });
  });

  it('a folder, a path through a file, and for reading a missing or empty file', async () => {
    mkdirSync(join(folder, 'dir.db'));
    writeFileSync(join(folder, 'empty.db'), '');
    writeFileSync(join(folder, 'file'), '');
    expect((await errorOf(openStore(join(folder, 'dir.db')))).message).toMatch(/dir\.db: it is a folder/);
    const through = await errorOf(openStore(join(folder, 'file', 'x.db')));
    expect(through.message).toMatch(/file\/x\.db: .*(ENOTDIR|EEXIST)/);
    const readOnly = { readOnly: true };
    expect((await errorOf(openStore(join(folder, 'none.db'), readOnly))).message).toMatch(
      /there is no such file/,
    );
    expect((await errorOf(openStore(join(folder, 'empty.db'), readOnly))).message).toMatch(
      /schema version is 0/,
    );
  });

  it.skipIf(process.getuid?.() === 0)('a read-only folder', async () => {
    const locked = join(folder, 'locked');
    mkdirSync(locked);
    chmodSync(locked, 0o555);
    expect((await errorOf(openStore(join(locked, 'x.db')))).message).toMatch(
      /locked\/x\.db: .*SQLITE_CANTOPEN/,
    );
    expect((await errorOf(openStore(join(locked, 'in', 'x.db')))).message).toMatch(
      /permission denied \(EACCES\)/,
    );
  });
});

describe('errors while at work', () => {
  it('of a read-only store name it and leave it as it was', async () => {
    const path = join(folder, 'ro.db');
    const run = { id: 'a', name: 'a', method: 'm', config: null, seed: 1, folder: '' };
    const writer = await openStore(path);
    await writer.createRun(run);
    const reader = await openStore(path, { readOnly: true });
    const error = await errorOf(reader.createRun({ ...run, id: 'b' }));
    expect(error.code).toBe('SQLITE_READONLY');
    expect(error.message).toMatch(/cannot write to the run store .*ro\.db: .*read-only/);
    expect((await reader.runs()).map((one) => one.id)).toEqual(['a']);
    await reader.close();
    await writer.close();
  });

  it('of a full disk are told in words', async () => {
    const path = join(folder, 'full.db');
    const full = await withClient(path, async (client) => {
      await client.execute('CREATE TABLE t (x TEXT)');
      await client.execute('PRAGMA max_page_count = 2');
      return client.execute({ sql: 'INSERT INTO t VALUES (?)', args: ['x'.repeat(100_000)] }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
    });
    const error = storeError('write to', path, new Error('Failed query: insert …', { cause: full }));
    expect(error.message).toBe(
      `cannot write to the run store ${path}: the disk is full; free some space and try again (SQLITE_FULL)`,
    );
    expect(error.code).toBe('SQLITE_FULL');
  });
});
