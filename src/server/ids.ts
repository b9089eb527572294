/** Names of things the server makes. */
import { randomBytes } from 'node:crypto';

const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

/** `length` characters out of 62, from the system's randomness. */
export function randomName(length: number): string {
  let name = '';
  while (name.length < length)
    // 248 = 4 · 62: bytes above would favour the first letters.
    for (const byte of randomBytes(length))
      if (byte < 248 && name.length < length) name += LETTERS[byte % 62];
  return name;
}

/** A name such as `file-8Yg…`, unique by chance: 24 characters, 142 bits. */
export const newId = (prefix: string) => `${prefix}${randomName(24)}`;

/** Seconds since 1970, whole, as the API gives times. */
export const nowSeconds = () => Math.floor(Date.now() / 1000);
