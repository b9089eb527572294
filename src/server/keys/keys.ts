/** Keys that clients show: made once, kept as hashes, each with what it may do. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Records } from '../database/records.ts';
import { newId, nowSeconds, randomName } from '../ids.ts';

/** What a key may do: look, make files and jobs, sample, and everything. */
export const SCOPES = ['read', 'train', 'infer', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];
export const scopeSchema = z.enum(SCOPES);

/** A key as kept; the secret itself is not. */
export interface Key {
  id: string;
  name: string;
  scopes: Scope[];
  /** SHA-256 of the secret, hexadecimal. The secret has 238 random bits, so that a plain hash cannot be searched. */
  hash: string;
  created_at: number;
  revoked_at: number | null;
}

const SECRET_PREFIX = 'sk-burnish-';

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex');

/** Whether a key with these scopes may do what asks for `scope`. */
export const may = ({ scopes }: Key, scope: Scope) => scopes.includes('admin') || scopes.includes(scope);

/** Makes, finds and revokes keys. */
export class Keys {
  private readonly records: Records<Key>;
  private own: { secret: string; key: Key } | undefined;

  constructor(records: Records<Key>) {
    this.records = records;
  }

  /** A new key and its secret, which is shown this once. */
  async create(name: string, scopes: readonly Scope[]): Promise<{ key: Key; secret: string }> {
    const secret = `${SECRET_PREFIX}${randomName(40)}`;
    const hash = hashOf(secret);
    const key: Key = {
      id: newId('key_'),
      name,
      scopes: [...scopes],
      hash,
      created_at: nowSeconds(),
      revoked_at: null,
    };
    // Found by hash, since that is what a request brings.
    await this.records.add({ id: hash, body: key });
    return { key, secret };
  }

  /**
   * A secret that lives as long as this process, for what the server asks of itself: its jobs' judges. It may sample and
   * nothing else.
   */
  async ownKey(): Promise<string> {
    const secret = `${SECRET_PREFIX}own-${randomName(40)}`;
    this.own = {
      secret,
      key: {
        id: 'key_own',
        name: 'this server',
        scopes: ['infer'],
        hash: '',
        created_at: nowSeconds(),
        revoked_at: null,
      },
    };
    return secret;
  }

  /** The key of a secret; undefined where there is none or it was revoked. */
  async find(secret: string): Promise<Key | undefined> {
    if (this.own?.secret === secret) return this.own.key;
    const key = await this.records.get(hashOf(secret));
    return key === undefined || key.revoked_at !== null ? undefined : key;
  }

  async list(): Promise<Key[]> {
    return await this.records.everything();
  }

  /** Ends a key's use; false where no key has this id. One that is revoked already stays as it is. */
  async revoke(id: string): Promise<boolean> {
    const key = (await this.list()).find((one) => one.id === id);
    if (key === undefined) return false;
    await this.records.update(key.hash, (one) =>
      one.revoked_at === null ? { ...one, revoked_at: nowSeconds() } : undefined,
    );
    return true;
  }
}
