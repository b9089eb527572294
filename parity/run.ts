/** `npm run parity`: every comparison with a reference, in one table. */
import { Command } from 'commander';
import { regenerate } from './regenerate.ts';
import { runParity } from './run-tests.ts';
import { formatTable, toJson } from './table.ts';

const { json, regenerate: python } = new Command('parity')
  .description('Compares the engine with PyTorch, transformers, PEFT, TRL, closed forms and itself.')
  .option('--json', 'one JSON object a line instead of a table')
  .option(
    '--regenerate <python>',
    'make the fixtures again in a temporary folder, with a Python that has torch, transformers, peft, trl and safetensors, and compare them with the committed ones',
  )
  .parse()
  .opts<{ json?: boolean; regenerate?: string }>();

const { rows, failures } = python === undefined ? await runParity() : await regenerate(python);
if (json) for (const row of rows) console.log(JSON.stringify(toJson(row)));
else console.log(formatTable(rows));
for (const failure of failures) console.error(failure);
process.exitCode = rows.every(({ pass }) => pass) && failures.length === 0 ? 0 : 1;
