// @ts-check
/** The child's side of a sandbox: takes one request after the other, and answers each. */
import process from 'node:process';

/**
 * @typedef {{value?: unknown, problem?: string, spoiled?: boolean}} Answer `problem`: what the code did wrong; `spoiled`: the
 *   interpreter cannot be used again, and the process ends
 * @param {(source: string, input: {sample: unknown, item: unknown}) => Answer} grade
 */
export function serveRequests(grade) {
  const send = /** @type {(message: unknown, sent?: () => void) => void} */ (process.send?.bind(process));
  const exit = process.exit.bind(process);
  process.on('message', (/** @type {any} */ { id, source, input }) => {
    const { spoiled, ...answer } = grade(source, input);
    send({ id, ...answer }, spoiled ? () => exit(0) : undefined);
  });
  process.on('disconnect', () => exit(0));
  send({ ready: true });
}
