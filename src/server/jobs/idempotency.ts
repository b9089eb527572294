/** Requests that are sent again with the same `Idempotency-Key` make one thing, not two. */
import { createHash } from 'node:crypto';
import type { Records } from '../database/records.ts';
import { invalid } from '../errors.ts';

/** What a request with a key has made. */
export interface Made {
  /** Hash of the request. */
  request: string;
  id: string;
}

/** Remembers what keys have made. */
export class Idempotency {
  private readonly records: Records<Made>;
  /** Requests under way, by name. */
  private readonly running = new Map<string, Promise<string>>();

  constructor(records: Records<Made>) {
    this.records = records;
  }

  /**
   * The id of what `make` makes, or of what an earlier request with this name has made. Throws a 400 where that one was
   * another request. Without a name, every request makes something.
   */
  async once(
    owner: string,
    name: string | undefined,
    request: unknown,
    make: () => Promise<string>,
  ): Promise<string> {
    if (name === undefined) return await make();
    const place = `${owner} ${name}`;
    const hash = createHash('sha256').update(JSON.stringify(request)).digest('hex');
    const before = this.running.get(place) ?? Promise.resolve('');
    const turn = before.catch(() => '').then(() => this.inTurn(place, hash, make));
    this.running.set(place, turn);
    try {
      return await turn;
    } finally {
      if (this.running.get(place) === turn) this.running.delete(place);
    }
  }

  private async inTurn(place: string, request: string, make: () => Promise<string>): Promise<string> {
    const known = await this.records.get(place);
    if (known !== undefined && known.request !== request)
      throw invalid(
        'This Idempotency-Key was used for another request.',
        'Idempotency-Key',
        'idempotency_error',
      );
    if (known !== undefined) return known.id;
    const id = await make();
    await this.records.add({ id: place, body: { request, id } });
    return id;
  }
}
