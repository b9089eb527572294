/** Lets operations on one set of weights take turns, so that none sees weights or buffers change under it. */

/** Runs asynchronous operations one at a time, in the order they were asked for. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  /** True while an operation runs or waits. */
  get busy(): boolean {
    return this.waiting > 0;
  }

  /** Runs `operation` after those asked for before it, whether they succeeded or not. */
  take<T>(operation: () => Promise<T>): Promise<T> {
    this.waiting++;
    const turn = this.last.then(operation).finally(() => {
      this.waiting--;
    });
    this.last = turn.catch(() => undefined);
    return turn;
  }
}
