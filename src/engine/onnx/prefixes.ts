/** Keys and values of tokens that were read or written before, so that a prompt that begins with them goes on from there. */
import type { ModelConfig } from '../../nn/index.ts';

/** Fewer tokens are read anew as fast as they are looked up and copied. */
const SHORTEST = 32;

/** One layer's keys and values of the known tokens: [kvHeads, tokens, D] each, without gaps. */
export interface KnownLayer {
  key: Float32Array;
  value: Float32Array;
}

/** Tokens from the beginning of a text, and what the model keeps of them. */
export interface KnownTokens {
  /** Whose text it is: others do not go on from it, and cannot find out that it is known. */
  scope: string;
  tokens: Int32Array;
  layers: readonly KnownLayer[];
}

/** A beginning that a prompt has in common with known tokens. */
export interface KnownPrefix {
  known: KnownTokens;
  /** Tokens in common: fewer than the prompt has, since its last one has to be read. */
  length: number;
}

/** Within a number of bytes; what was not used for longest goes first. */
export class Prefixes {
  private readonly tokenBytes: number;
  private readonly mostTokens: number;
  private held = 0;
  /** From the one unused for longest on. */
  private entries: KnownTokens[] = [];

  constructor({ layers, kvHeads, headDim }: ModelConfig, bytes: number) {
    this.tokenBytes = 2 * Float32Array.BYTES_PER_ELEMENT * layers * kvHeads * headDim;
    this.mostTokens = Math.floor(bytes / this.tokenBytes);
  }

  /** Tokens held. */
  get size(): number {
    return this.held;
  }

  /** The longest known beginning of a prompt, if that is worth going on from. */
  find(scope: string, prompt: readonly number[]): KnownPrefix | undefined {
    let best: KnownPrefix | undefined;
    for (const known of this.entries) {
      if (known.scope !== scope) continue;
      const length = Math.min(commonLength(known.tokens, prompt), prompt.length - 1);
      if (length >= SHORTEST && length > (best?.length ?? 0)) best = { known, length };
    }
    if (best !== undefined) this.touch(best.known);
    return best;
  }

  /** Whether `tokens` are worth keeping: enough of them, that are not the beginning of what is held. */
  wants(scope: string, tokens: readonly number[]): boolean {
    if (tokens.length < SHORTEST || tokens.length > this.mostTokens) return false;
    return !this.entries.some(
      (known) => known.scope === scope && commonLength(known.tokens, tokens) === tokens.length,
    );
  }

  /** Keeps tokens with their keys and values, in place of beginnings of them. */
  add(known: KnownTokens): void {
    const { scope, tokens } = known;
    const isBeginning = (one: KnownTokens) =>
      one.scope === scope && commonLength(one.tokens, tokens) === one.tokens.length;
    for (const old of this.entries.filter(isBeginning)) this.drop(old);
    while (this.held + tokens.length > this.mostTokens) this.drop(this.entries[0]);
    this.entries.push(known);
    this.held += tokens.length;
  }

  /** To be called when the weights have changed. */
  clear(): void {
    this.entries = [];
    this.held = 0;
  }

  private touch(known: KnownTokens): void {
    this.entries = [...this.entries.filter((one) => one !== known), known];
  }

  private drop(known: KnownTokens): void {
    this.entries = this.entries.filter((one) => one !== known);
    this.held -= known.tokens.length;
  }
}

function commonLength(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}
