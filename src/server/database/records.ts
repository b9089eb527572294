/** Objects by kind and id: what files, jobs, events, checkpoints, models, keys and conversations are kept as. */
import { type SQL, sql } from 'drizzle-orm';
import type { Database, Sql } from './database.ts';

export interface NewRecord<Body> {
  id: string;
  /** The id of what this belongs to; empty where it stands alone. */
  parent?: string;
  body: Body;
}

export interface ListOptions {
  parent?: string;
  /** Only what comes after the record with this id, in the order of the list. */
  after?: string;
  limit: number;
  /** By age; `desc`, newest first, unless given. */
  order?: 'asc' | 'desc';
}

/** A page of a list. */
export interface Page<Body> {
  data: Body[];
  hasMore: boolean;
}

interface Row {
  number: number;
  version: number;
  body: string;
}

/** Tries of a change that others are faster than; each starts from what is there by then. */
const MOST_TRIES = 50;

/** The records of one kind. A body is any JSON value. */
export class Records<Body> {
  private readonly database: Database;
  private readonly kind: string;

  constructor(database: Database, kind: string) {
    this.database = database;
    this.kind = kind;
  }

  /** Adds records, all or none. One whose id is there already is left as it was. */
  async add(...records: readonly NewRecord<Body>[]): Promise<void> {
    if (records.length === 0) return;
    await this.database.transaction(async (tx) => {
      for (const { id, parent = '', body } of records)
        await tx.run(
          sql`INSERT INTO records (kind, id, parent, version, body) VALUES (${this.kind}, ${id}, ${parent}, 0, ${JSON.stringify(body)}) ON CONFLICT (kind, id) DO NOTHING`,
        );
    });
  }

  async get(id: string): Promise<Body | undefined> {
    return (await this.row(this.database, id))?.body;
  }

  /**
   * Replaces a body by what `change` makes of it; undefined leaves it. Returns the body as it is then, or undefined
   * where there is no such record. `change` may be called again when another process was faster.
   */
  async update(id: string, change: (body: Body) => Body | undefined): Promise<Body | undefined> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const row = await this.row(this.database, id);
      if (row === undefined) return undefined;
      const body = change(row.body);
      if (body === undefined) return row.body;
      const changed = await this.database.run(
        sql`UPDATE records SET body = ${JSON.stringify(body)}, version = version + 1 WHERE kind = ${this.kind} AND id = ${id} AND version = ${row.version}`,
      );
      if (changed > 0) return body;
    }
    throw new Error(`${this.kind} ${id} is being changed by others all the time`);
  }

  /** True when there was such a record. */
  async remove(id: string): Promise<boolean> {
    return (await this.database.run(sql`DELETE FROM records WHERE kind = ${this.kind} AND id = ${id}`)) > 0;
  }

  /** Removes the oldest records, so that at most `most` are left. */
  async trim(most: number): Promise<void> {
    await this.database.run(
      sql`DELETE FROM records WHERE kind = ${this.kind} AND number <= (SELECT number FROM records WHERE kind = ${this.kind} ORDER BY number DESC LIMIT 1 OFFSET ${most})`,
    );
  }

  /** A page, by age. An `after` that is not there gives an empty one. */
  async list({ parent = '', after, limit, order = 'desc' }: ListOptions): Promise<Page<Body>> {
    const conditions: SQL[] = [sql`kind = ${this.kind}`, sql`parent = ${parent}`];
    if (after !== undefined) {
      const start = await this.row(this.database, after);
      if (start === undefined) return { data: [], hasMore: false };
      conditions.push(order === 'desc' ? sql`number < ${start.number}` : sql`number > ${start.number}`);
    }
    const rows = await this.database.all<Row>(
      sql`SELECT number, version, body FROM records WHERE ${sql.join(conditions, sql` AND `)} ORDER BY number ${sql.raw(order)} LIMIT ${limit + 1}`,
    );
    const data = rows.slice(0, limit).map(({ body }) => JSON.parse(body) as Body);
    return { data, hasMore: rows.length > limit };
  }

  /** Every record of a parent, oldest first, a page at a time. */
  async *all(parent = ''): AsyncGenerator<Body> {
    let last = 0;
    for (;;) {
      const rows = await this.database.all<Row>(
        sql`SELECT number, version, body FROM records WHERE kind = ${this.kind} AND parent = ${parent} AND number > ${last} ORDER BY number ASC LIMIT 500`,
      );
      for (const { body } of rows) yield JSON.parse(body) as Body;
      if (rows.length < 500) return;
      last = rows[rows.length - 1].number;
    }
  }

  /** All records of a parent, oldest first. */
  async everything(parent = ''): Promise<Body[]> {
    const found: Body[] = [];
    for await (const body of this.all(parent)) found.push(body);
    return found;
  }

  private async row(
    tx: Sql,
    id: string,
  ): Promise<{ number: number; version: number; body: Body } | undefined> {
    const [row] = await tx.all<Row>(
      sql`SELECT number, version, body FROM records WHERE kind = ${this.kind} AND id = ${id}`,
    );
    return row && { number: row.number, version: row.version, body: JSON.parse(row.body) as Body };
  }
}
