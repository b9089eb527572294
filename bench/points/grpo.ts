/** Whole GRPO steps with some number of tasks each, alone in a process. Settings: model, prompts. */
import { grpoStage, shareOfGood } from '../grpo.ts';
import { LoopRun } from '../loop-run.ts';
import { benchEngine, benchTokenizer, type ModelName, withFolder } from '../models.ts';
import { servePoint } from './serve.ts';

const PROMPT_TOKENS = 32;

const { model, prompts } = JSON.parse(process.argv[2]) as { model: ModelName; prompts: number };
await withFolder(async (folder) => {
  const engine = await benchEngine(model);
  const run = await LoopRun.start({
    engine,
    tokenizer: benchTokenizer(),
    environment: shareOfGood(PROMPT_TOKENS),
    stage: grpoStage(prompts),
    folder,
  });
  await run.step();
  await servePoint(async () => ({ seconds: await run.step() }));
  await run.stop();
  engine.dispose();
});
