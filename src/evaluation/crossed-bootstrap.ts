/** Paired intervals over seeds and tasks at once. */
import { rng } from '../random/index.ts';
import { checked, difference, type PairedBootstrapOptions, percentiles, redraw } from './bootstrap.ts';
import type { ConfidenceInterval } from './interval.ts';

type Table = readonly (readonly number[])[];

function checkTable(name: string, table: Table, rows: number, columns: number): void {
  if (table.length !== rows || table.some((row) => row.length !== columns))
    throw new RangeError(
      `crossedBootstrap: ${name} has rows of ${table.map((row) => row.length).join(', ')} tasks, expected ${rows} of ${columns}`,
    );
  const wrong = table.flat().find((value) => !Number.isFinite(value));
  if (wrong !== undefined)
    throw new RangeError(`crossedBootstrap: ${name} holds ${wrong}, expected finite numbers`);
}

/**
 * Percentile interval of mean(b) - mean(a), or of another contrast of the two means, over tables with a row a seed and
 * a column a task, where a[s][t] and b[s][t] belong together. Seeds and tasks are both resampled, each with replacement
 * and the same ones in both tables (the pigeonhole bootstrap, Owen 2007): the interval says what to expect of other
 * seeds on other tasks, and is somewhat wide rather than too narrow. `statistic` is not used.
 * Throws a RangeError when the tables are empty, differ in shape or hold a number that is not finite.
 */
export function crossedBootstrap(a: Table, b: Table, options: PairedBootstrapOptions): ConfidenceInterval {
  const rows = a.length;
  const columns = a[0]?.length ?? 0;
  if (rows === 0 || columns === 0)
    throw new RangeError(
      `crossedBootstrap: ${rows} seeds of ${columns} tasks, expected at least one of each`,
    );
  checkTable('a', a, rows, columns);
  checkTable('b', b, rows, columns);
  const { resamples, confidence, seed } = checked('crossedBootstrap', options);
  const { contrast = difference } = options;
  const random = rng(seed, 'crossed-bootstrap');
  const seeds = new Int32Array(rows);
  const tasks = new Int32Array(columns);
  const meanOf = (table: Table) => {
    let sum = 0;
    for (const s of seeds) for (const t of tasks) sum += table[s][t];
    return sum / (rows * columns);
  };
  const draw = () => {
    redraw(random, seeds);
    redraw(random, tasks);
    return contrast(meanOf(a), meanOf(b));
  };
  const [low, high] = percentiles(draw, resamples, confidence);
  seeds.forEach((_, i) => {
    seeds[i] = i;
  });
  tasks.forEach((_, i) => {
    tasks[i] = i;
  });
  return { estimate: contrast(meanOf(a), meanOf(b)), low, high };
}
