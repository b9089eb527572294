/** Finds stop strings in text that arrives piece by piece, also where one spans several pieces. */

/**
 * Feed it the pieces of a completion in order. It stops at the stop string that is complete first (the smallest end;
 * of several that end together, the one that starts first), wherever the pieces were cut.
 */
export class StopMatcher {
  readonly #stops: readonly string[];
  readonly #longest: number;
  #text = '';
  #taken = 0;
  #matched: string | undefined;

  /** Throws an Error on an empty stop string. */
  constructor(stops: readonly string[]) {
    const empty = stops.indexOf('');
    if (empty >= 0) throw new Error(`stop[${empty}] is empty, expected at least one character`);
    this.#stops = stops;
    this.#longest = Math.max(0, ...stops.map((stop) => stop.length));
  }

  /** Adds a piece; true when a stop string has now appeared. Pieces after that are ignored. */
  push(piece: string): boolean {
    if (this.#matched !== undefined) return true;
    const from = Math.max(0, this.#text.length - this.#longest + 1);
    this.#text += piece;
    let end = Number.POSITIVE_INFINITY;
    for (const stop of this.#stops) {
      const at = this.#text.indexOf(stop, from);
      if (at < 0) continue;
      const stopEnd = at + stop.length;
      const longer = stopEnd === end && stop.length > (this.#matched as string).length;
      if (stopEnd < end || longer) {
        end = stopEnd;
        this.#matched = stop;
      }
    }
    if (this.#matched === undefined) return false;
    this.#text = this.#text.slice(0, end - this.#matched.length);
    return true;
  }

  /** The stop string that ended the text, if one has. */
  get matched(): string | undefined {
    return this.#matched;
  }

  /** All text so far, up to the stop string. */
  get text(): string {
    return this.#text;
  }

  /**
   * The text not yet taken that can no longer become part of a stop string; for streaming. Text that may be the start
   * of one is held back until it is decided; `final` releases it.
   */
  take(final = false): string {
    let end = this.#text.length;
    if (!final && this.#matched === undefined) end -= this.#heldBack();
    const ready = this.#text.slice(this.#taken, end);
    this.#taken = Math.max(this.#taken, end);
    return ready;
  }

  /** Length of the longest end of the text that is a proper start of a stop string. */
  #heldBack(): number {
    for (let n = Math.min(this.#longest - 1, this.#text.length); n > 0; n--) {
      const tail = this.#text.slice(-n);
      if (this.#stops.some((stop) => stop.length > n && stop.startsWith(tail))) return n;
    }
    return 0;
  }
}
