/** The worker's side of a worker process. */

/** Sends a message to the parent; resolves when it is out, or when there is nobody to tell. */
export function tellParent(message: unknown): Promise<void> {
  return new Promise((resolve) => {
    if (!process.connected || !process.send) resolve();
    else process.send(message, () => resolve());
  });
}
