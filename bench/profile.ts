/**
 * `npx tsx bench/profile.ts`: which operators a training step and decoding spend their time in, program by program, by ONNX
 * Runtime's own profiler (which takes some time itself).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { benchEngine, MODELS, type ModelName, someTokens, withFolder } from './models.ts';
import { profileOf } from './profile-shares.ts';
import { plainTable } from './table.ts';
import { someBatch, timeSteps } from './train-step.ts';

const PROMPT_TOKENS = 32;
const NEW_TOKENS = 64;
/** Programs that took a smaller share of all time, and operators that took a smaller one of a run, are left out. */
const LEAST_SHARE = 0.01;

interface Options {
  model: ModelName;
  train: string;
  decode: string;
  repetitions: string;
}

async function main({ model, train, decode, repetitions }: Options): Promise<void> {
  process.env.BURNISH_SPIN ??= '1';
  await withFolder(async (folder) => {
    const engine = await benchEngine(model, { pack: true, profile: join(folder, 'of-') });
    const [rows, length] = train.split('x').map(Number);
    if (rows > 0) await timeSteps(engine, someBatch(rows, length), Number(repetitions));
    const requests = Array.from({ length: Number(decode) }, (_, row) => ({
      prompt: someTokens(row, PROMPT_TOKENS),
      n: 1,
      seed: row,
    }));
    if (requests.length > 0)
      for (let i = 0; i < Number(repetitions); i++)
        await engine.sample(requests, { maxTokens: NEW_TOKENS, stopTokens: [] });
    engine.dispose();
    report(folder);
  });
}

function report(folder: string): void {
  const programs = readdirSync(folder)
    .sort()
    .flatMap((file) => {
      const profile = profileOf(JSON.parse(readFileSync(join(folder, file), 'utf8')));
      // The profiler adds the time to the name.
      return profile ? [{ name: file.replace(/_\d{4}-.*$/, '').slice('of-'.length), ...profile }] : [];
    });
  const all = programs.reduce((sum, { runs, milliseconds }) => sum + runs * milliseconds, 0);
  for (const { name, runs, milliseconds, operators } of programs) {
    if (runs * milliseconds < LEAST_SHARE * all) continue;
    process.stdout.write(`\n${name}: ${runs} runs of ${milliseconds.toFixed(2)} ms\n`);
    const lines = operators
      .filter(({ share }) => share >= LEAST_SHARE)
      .map((one) => [
        one.kind,
        `${(100 * one.share).toFixed(0)} %`,
        `${one.milliseconds.toFixed(2)} ms`,
        one.nodes === 0 ? '' : String(Math.round(one.nodes)),
        one.gigaflops === undefined ? '' : `${one.gigaflops.toFixed(0)} GFLOP/s`,
      ]);
    process.stdout.write(`${plainTable([['operators', 'share', 'a run', 'nodes', 'speed'], ...lines])}\n`);
  }
}

await new Command('profile')
  .addOption(new Option('--model <name>').choices(Object.keys(MODELS)).default('2.9M'))
  .option('--train <rows>x<tokens>', 'a training step of so many rows and tokens a row; 0x0: none', '32x128')
  .option('--decode <rows>', 'rows that are decoded together; 0: none', '64')
  .option('--repetitions <n>', 'steps, and calls of sample', '5')
  .action(main)
  .parseAsync();
