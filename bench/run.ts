/** `npm run bench`: runs the benchmarks, ours and the peers' in turn, and prints one table. */
import { Command } from 'commander';
import { benchDecode } from './decode.ts';
import { printTable } from './table.ts';
import { benchTrainStep } from './train-step.ts';

const BENCHMARKS = { train: benchTrainStep, decode: benchDecode };

const command = new Command('bench')
  .argument('[names...]', `which benchmarks: ${Object.keys(BENCHMARKS).join(', ')}`, Object.keys(BENCHMARKS))
  .option('--peers <python>', 'a Python with torch and transformers, to run the peers with')
  .option('--repetitions <n>', 'timed repetitions of each side', '5')
  .option('--json', 'one JSON object a line instead of a table')
  .parse();

const { peers, repetitions, json } = command.opts<{ peers?: string; repetitions: string; json?: boolean }>();
for (const name of command.args.length > 0 ? command.args : Object.keys(BENCHMARKS)) {
  const benchmark = BENCHMARKS[name as keyof typeof BENCHMARKS];
  if (!benchmark) {
    console.error(`bench: no benchmark '${name}', expected some of ${Object.keys(BENCHMARKS).join(', ')}`);
    process.exit(2);
  }
  const rows = await benchmark(peers, Number(repetitions));
  if (json) for (const row of rows) console.log(JSON.stringify(row));
  else printTable(rows);
}
