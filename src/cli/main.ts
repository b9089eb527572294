/** Entry of the command line. */
import { run } from './run.ts';

// A reader that closes early (`burnish runs list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

process.exitCode = await run(process.argv);
