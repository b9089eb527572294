/**
 * Reproduces the g2p claim: reinforcement lowers the held-out word error rate below the supervised model's, and below
 * that of supervised training continued for the same wall time. Run: `npx tsx reproductions/g2p/run.ts`.
 * Every finished arm is kept in the work folder, so a run that was stopped goes on where it was.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { loadModel, makeModel } from '../../src/cli/setup/model.ts';
import { createEnvironment } from '../../src/environments/index.ts';
import { writeAtomically } from '../../src/files/index.ts';
import { methods } from '../../src/methods/index.ts';
import { openStore } from '../../src/store/index.ts';
import { train } from '../../src/training/index.ts';
import type { Environment } from '../../src/types/index.ts';
import { ARMS, type Arm, armRecipe } from './arms.ts';
import { type ArmResult, measure } from './measure.ts';
import { writeResults } from './results.ts';

const command = new Command('g2p')
  .option('--seeds <list>', 'comma-separated', '1,2,3')
  .option('--until <arm>', `stop after this arm of each seed: ${ARMS.join(', ')}`, ARMS[ARMS.length - 1])
  .option('--work <folder>', 'where models and finished arms are kept', 'runs/reproductions/g2p')
  .option('--out <folder>', 'where the report goes', 'docs/reproductions')
  .parse();
const options = command.opts<{ seeds: string; until: Arm; work: string; out: string }>();

const environment = await createEnvironment('g2p', {});
const results: ArmResult[] = [];
for (const seed of options.seeds.split(',').map(Number)) {
  const done = new Map<Arm, ArmResult>();
  for (const arm of ARMS.slice(0, ARMS.indexOf(options.until) + 1)) {
    const folder = join(options.work, `seed-${seed}`, arm);
    const model = join(options.work, `seed-${seed}`, 'supervised', 'model');
    const file = join(folder, 'result.json');
    if (!existsSync(file)) {
      const recipe = armRecipe(arm, seed, model, done.get('reinforcement')?.seconds);
      const result = await runArm(arm, seed, recipe, folder, environment);
      await writeAtomically(file, JSON.stringify(result));
    }
    const trained = JSON.parse(await readFile(file, 'utf8')) as Omit<ArmResult, 'sampledWordErrorRate'>;
    const result = { ...trained, sampledWordErrorRate: await sampledErrorRate(folder) };
    console.log(
      `seed ${seed} ${arm}: WER ${(100 * result.wordErrorRate).toFixed(2)} %, PER ${(100 * result.phonemeErrorRate).toFixed(2)} %, WER sampled ${(100 * result.sampledWordErrorRate).toFixed(2)} %, ${result.seconds.toFixed(0)} s`,
    );
    done.set(arm, result);
    results.push(result);
  }
}
if (options.until === ARMS[ARMS.length - 1])
  console.log(`report: ${await writeResults(options.out, results)}`);

/** Measured once a model and kept beside it. */
async function sampledErrorRate(folder: string): Promise<number> {
  const file = join(folder, 'sampled.json');
  if (!existsSync(file)) {
    const { engine, tokenizer } = await loadModel(join(folder, 'model'));
    const { wordErrorRate } = await measure(engine, tokenizer, environment, 1);
    engine.dispose();
    await writeAtomically(file, JSON.stringify(wordErrorRate));
  }
  return JSON.parse(await readFile(file, 'utf8')) as number;
}

async function runArm(
  arm: Arm,
  seed: number,
  recipe: ReturnType<typeof armRecipe>,
  folder: string,
  environment: Environment,
): Promise<Omit<ArmResult, 'sampledWordErrorRate'>> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { engine, tokenizer } = await makeModel(recipe, environment.symbols);
  const store = await openStore(join(folder, 'burnish.db'));
  let seconds = 0;
  let steps = 0;
  const parameters = await train({
    recipe,
    methods,
    engine,
    tokenizer,
    environment,
    store,
    run: `${arm}-${seed}`,
    folder,
    onEvent({ type, data }) {
      if (type !== 'stage.finished') return;
      ({ seconds, steps } = data as { seconds: number; steps: number });
    },
  }).then(() => engine.snapshot().arrays.parameters.length);
  const figures = await measure(engine, tokenizer, environment);
  await store.close();
  engine.dispose();
  return { arm, seed, seconds, steps, parameters, ...figures };
}
