/** A process that runs a reproduction of this folder and prints its events: for tests that kill it. */
import { runArms } from '../harness.ts';
import { loadReproduction } from '../load.ts';

const [name, folder, cache, jobs] = process.argv.slice(2);
const module = new URL(`./${name}.ts`, import.meta.url).href;
const reproduction = await loadReproduction(module);
const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
const { results, failures, interrupted } = await runArms({
  reproduction,
  module,
  arms: Object.keys(reproduction.arms),
  seeds: reproduction.seeds,
  folder,
  cache,
  jobs: Number(jobs),
  signal: stopping.signal,
  onEvent: (event) => process.stdout.write(`${JSON.stringify(event)}\n`),
});
process.stdout.write(`${JSON.stringify({ type: 'end', results, failures, interrupted })}\n`);
