// @ts-check
/** The child's side of a sandbox: takes one request after the other, and answers each. */
import process from 'node:process';

/**
 * @param {(source: string, input: {sample: unknown, item: unknown}) => unknown} grade throws an Error whose message is
 *   what the code did wrong
 */
export function serveRequests(grade) {
  const send = /** @type {(message: unknown) => void} */ (process.send?.bind(process));
  process.on('message', (/** @type {any} */ { id, source, input }) => {
    try {
      send({ id, value: grade(source, input) });
    } catch (error) {
      send({ id, problem: error instanceof Error ? error.message : String(error) });
    }
  });
  process.on('disconnect', () => process.exit(0));
  send({ ready: true });
}
