/** A long run of the real training loop on a tiny model; a repetition is some steps. Settings: steps. */
import { createOnnxEngine } from '../../src/engine/index.ts';
import { arithmetic } from '../../src/environments/index.ts';
import { symbolTokenizer } from '../../src/text/index.ts';
import { LoopRun } from '../loop-run.ts';
import { MODELS, withFolder } from '../models.ts';
import { servePoint } from './serve.ts';

const STEPS_IN_ALL = 1_000_000;
const SIZE = { hiddenSize: 64, intermediateSize: 128, layers: 2, heads: 2, kvHeads: 2, maxPositions: 128 };

const { steps } = JSON.parse(process.argv[2]) as { steps: number };
await withFolder(async (folder) => {
  const environment = arithmetic({ digits: [1, 3] });
  const tokenizer = symbolTokenizer(environment.symbols);
  const model = { ...MODELS['0.8M'], ...SIZE, vocabSize: tokenizer.vocabSize };
  const engine = await createOnnxEngine({ model, tokenizer, seed: 1 });
  const run = await LoopRun.start({
    engine,
    tokenizer,
    environment,
    stage: { method: 'grpo', steps: STEPS_IN_ALL, promptsPerStep: 4, groupSize: 4, maxTokens: 24 },
    folder,
  });
  await servePoint(async () => {
    const started = performance.now();
    for (let i = 0; i < steps; i++) await run.step();
    const seconds = (performance.now() - started) / 1000;
    return { seconds, residentMiB: process.memoryUsage.rss() / 2 ** 20 };
  });
  await run.stop();
  engine.dispose();
});
