/** Entry of the command line: reads the arguments, runs the command, turns errors into one message and an exit code. */
import { CommanderError } from 'commander';
import { EXIT, exitCodeOf, messageOf } from './errors.ts';
import { createProgram } from './program.ts';

/** Whether stack traces are wanted. */
const debug = process.argv.includes('--debug') || (process.env.BURNISH_DEBUG ?? '') !== '';

function fail(error: unknown): void {
  const exitCode = exitCodeOf(error);
  process.stderr.write(`error: ${messageOf(error)}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  if (debug && error instanceof Error && error.cause instanceof Error)
    process.stderr.write(`caused by: ${error.cause.stack}\n`);
  if (process.argv.includes('--json'))
    process.stdout.write(`${JSON.stringify({ error: messageOf(error), exitCode })}\n`);
  process.exitCode = exitCode;
}

// A reader that closes early (`burnish runs list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await createProgram((exitCode) => {
    process.exitCode = exitCode;
  }).parseAsync(process.argv);
} catch (error) {
  // Commander has printed its own message; help and version end with 0.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else fail(error);
}
