/** Values kept by key, the most recently used only: what a run compiles must not grow with the shapes it meets. */

/** At most `limit` values; one more lets go of the one unused for longest. */
export class Recent<T> {
  private readonly values = new Map<string, T>();
  private readonly limit: number;
  private readonly dispose: (value: T) => void;

  constructor(limit: number, dispose: (value: T) => void) {
    this.limit = limit;
    this.dispose = dispose;
  }

  /** Number of values kept. */
  get size(): number {
    return this.values.size;
  }

  /** The value of a key, made where it is not kept. */
  get(key: string, make: () => T): T {
    const known = this.values.get(key);
    const value = known ?? make();
    this.values.delete(key);
    this.values.set(key, value);
    if (known === undefined && this.values.size > this.limit) {
      const [oldest] = this.values.keys();
      this.dispose(this.values.get(oldest) as T);
      this.values.delete(oldest);
    }
    return value;
  }

  /** Lets go of all values. */
  clear(): void {
    for (const value of this.values.values()) this.dispose(value);
    this.values.clear();
  }
}
