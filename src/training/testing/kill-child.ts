/**
 * One sitting of a small run, for the test that kills it: `kill-child.ts <engine> <folder>`. Goes on from whatever the
 * folder holds, writes a line to standard output as each piece of work begins, and `finished` at the end.
 */
import { join } from 'node:path';
import { methods } from '../../methods/index.ts';
import { openStore } from '../../store/index.ts';
import { parseRecipe, train } from '../index.ts';
import { killRecipe, type ToyEngineKind, toyEngine } from './kill-run.ts';
import { successor, successorTokenizer } from './successor.ts';

const [kind, folder] = process.argv.slice(2);
const store = await openStore(join(folder, 'runs.db'));
const engine = await toyEngine(kind as ToyEngineKind);
const result = await train({
  recipe: parseRecipe(killRecipe, methods),
  methods,
  engine,
  tokenizer: successorTokenizer(),
  environment: successor(),
  store,
  run: 'killed',
  folder: join(folder, 'run'),
  resume: true,
  onProgress: ({ phase, step }) => {
    process.stdout.write(`${phase} ${step}\n`);
  },
});
await store.close();
process.stdout.write(`${result.status}\n`);
