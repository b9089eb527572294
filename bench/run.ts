/** `npm run bench`: runs the benchmarks, our side and the peers' in turn, and prints one table. */
import { Command, InvalidArgumentError } from 'commander';
import { runtimeInfo } from '../src/tensor/index.ts';
import { benchBatching } from './batching.ts';
import type { BenchContext, Benchmark } from './context.ts';
import { benchDecode } from './decode.ts';
import { benchGrpo } from './grpo.ts';
import { appendHistory, HISTORY_FILE, readHistory, regression } from './history.ts';
import { commitName, machineName } from './machine.ts';
import { benchMemory } from './memory.ts';
import { PeakMeter } from './peak.ts';
import { setUpPeers } from './peers/environment.ts';
import type { BenchRow } from './row.ts';
import { benchScaling } from './scaling.ts';
import { benchServe } from './serve.ts';
import { benchStartup } from './startup.ts';
import { figure, jsonLine, markdownTable, plainTable, tableLines } from './table.ts';
import { benchTrainStep } from './train-step.ts';

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  train: benchTrainStep,
  decode: benchDecode,
  grpo: benchGrpo,
  batching: benchBatching,
  scale: benchScaling,
  start: benchStartup,
  memory: benchMemory,
  serve: benchServe,
};
const NAMES = Object.keys(BENCHMARKS);

interface Options {
  /** `true`: make the environment. */
  peers?: string | true;
  repetitions: number;
  rows?: string;
  json?: boolean;
  markdown?: boolean;
  record?: boolean;
}

function count(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('expected a whole number of at least 1');
  return value;
}

const remark = (line: string) => process.stderr.write(`${line}\n`);

async function main(names: readonly string[], options: Options): Promise<void> {
  const unknown = names.find((name) => !(name in BENCHMARKS));
  if (unknown !== undefined)
    throw new Error(`no benchmark is named '${unknown}', expected some of ${NAMES.join(', ')}`);
  // What a machine chooses by itself once it has been quiet for a minute; a peer's turn must not change it.
  process.env.BURNISH_SPIN ??= '1';
  const history = await readHistory(HISTORY_FILE);
  const machine = machineName();
  const commit = commitName();
  const peers =
    options.peers === undefined
      ? undefined
      : await setUpPeers(options.peers === true ? undefined : options.peers, remark);
  const peak = PeakMeter.measure();
  const { threads, version } = runtimeInfo();
  const about = () =>
    `${machine}; commit ${commit}; Node ${process.versions.node}, ONNX Runtime ${version}, ${threads} threads; matrix-product peak ${figure(peak.best / 1e9)} GFLOP/s`;
  remark(about());

  const context: BenchContext = {
    peers,
    repetitions: options.repetitions,
    threads,
    peak,
    wants: (work) => work.includes(options.rows ?? ''),
  };
  const rows: BenchRow[] = [];
  for (const name of names.length > 0 ? names : NAMES)
    try {
      for await (const row of BENCHMARKS[name](context)) {
        rows.push(row);
        if (options.json) console.log(jsonLine(row));
        else remark(`  ${row.work}: ${figure(row.ours)} ${row.unit}${row.peer ? ` beside ${row.peer}` : ''}`);
      }
    } catch (error) {
      // The other benchmarks, and what was measured so far, are still worth having.
      remark(`bench: ${name} failed: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  if (!options.json && rows.length > 0) {
    const lines = tableLines(
      rows,
      rows.map((row) => regression(row, history, machine)),
    );
    console.log(options.markdown ? `${markdownTable(lines)}\n\n${about()}` : plainTable(lines));
  }
  peak.dispose();
  if (options.record) {
    const date = new Date().toISOString();
    await appendHistory(
      HISTORY_FILE,
      rows.map((row) => ({ date, commit, machine, row })),
    );
  }
}

const command = new Command('bench')
  .description(
    'Measures the engine, and on request what people would use instead, on this machine. Leave the machine alone meanwhile.',
  )
  .argument('[names...]', `which benchmarks: ${NAMES.join(', ')}; all unless given`)
  .option(
    '--peers [python]',
    'run the peers too, with a Python that has torch, transformers, trl and peft; without a value one is made in .cache/peers',
  )
  .option('--rows <text>', 'only rows whose work contains this text, as in "train 2.9M 32x128"')
  .option('--repetitions <n>', 'most timed repetitions of each side; slow work stops after three', count, 5)
  .option('--json', 'one JSON object a line, as soon as a row is measured')
  .option('--markdown', 'the table in Markdown')
  .option('--record', 'add the rows to bench/history.jsonl')
  .parse();

await main(command.args, command.opts<Options>()).catch((error: Error) => {
  remark(`bench: ${error.message}`);
  process.exitCode = 1;
});
