/** Runs one command line: the command itself, and one message and an exit code where it fails. */
import { CommanderError } from 'commander';
import { EXIT, type ExitCode, exitCodeOf, messageOf } from './errors.ts';
import { createProgram } from './program.ts';

/** Runs the arguments as in `process.argv` and returns the exit code. Never rejects. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok;
  try {
    await createProgram((code) => {
      exitCode = code;
    }).parseAsync(argv);
    return exitCode;
  } catch (error) {
    // Commander has printed its own message; help and version end with 0.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT.ok;
      tellObject(error.message.replace(/^error: /, ''), EXIT.usage, argv);
      return EXIT.usage;
    }
    return tell(error, argv);
  }
}

function tell(error: unknown, argv: readonly string[]): ExitCode {
  const exitCode = exitCodeOf(error);
  process.stderr.write(`error: ${messageOf(error)}\n`);
  const debug = argv.includes('--debug') || (process.env.BURNISH_DEBUG ?? '') !== '';
  for (let cause = error; debug && cause instanceof Error; cause = cause.cause)
    process.stderr.write(`${cause === error ? '' : 'caused by '}${cause.stack}\n`);
  tellObject(messageOf(error), exitCode, argv);
  return exitCode;
}

/** The failure as an object, with --json. */
function tellObject(error: string, exitCode: ExitCode, argv: readonly string[]): void {
  if (argv.includes('--json')) process.stdout.write(`${JSON.stringify({ error, exitCode })}\n`);
}
