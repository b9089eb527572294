/** How work that was asked to stop says that it did. */

/** The work was asked to stop, and everything is saved. */
export class StoppedError extends Error {
  override name = 'StoppedError';
}
