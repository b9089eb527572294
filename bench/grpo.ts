/** Benchmark: whole GRPO steps of the real training loop against TRL's GRPOTrainer, same model, tasks and reward. */
import { join } from 'node:path';
import type { Environment } from '../src/types/index.ts';
import type { BenchContext } from './context.ts';
import { decodingFlops, trainingFlops } from './flops.ts';
import { LoopRun } from './loop-run.ts';
import { benchEngine, benchTokenizer, MODELS, SYMBOLS, someTokens, withFolder } from './models.ts';
import { PeerProcess } from './peers/process.ts';
import { asSide, type StartedPeer, stopPeers, tryPeer } from './peers/start.ts';
import type { BenchRow } from './row.ts';
import { takeTurns } from './turns.ts';

const MODEL = '2.9M';
const PROMPTS = 32;
const COMPLETIONS = 8;
const NEW_TOKENS = 64;
/** Nearly uniform weights end a completion at one token in 512: of at most 64 tokens, 60 come about on average, on both sides. */
const EXPECTED_TOKENS = 60;
const PROMPT_TOKENS = 32;
const TASKS = 320;
const LEARNING_RATE = 1e-5;
/** More than are ever asked for. */
const STEPS = 1_000_000;

/** Characters that are worth something: every other one. */
const GOOD = new Set(SYMBOLS.filter((_, i) => i % 2 === 0));

/** Random prompts; a completion's reward is the share of its characters that are good. */
export function shareOfGood(promptTokens: number): Environment {
  const tokenizer = benchTokenizer();
  return {
    name: 'share-of-good',
    size: () => TASKS,
    task: (split, index) => ({
      id: `${split}-${index}`,
      prompt: tokenizer.decode(someTokens(index, promptTokens)),
      data: null,
    }),
    grader: {
      name: 'share-of-good',
      grade: ({ completion }) => {
        const characters = [...completion];
        const good = characters.filter((character) => GOOD.has(character)).length;
        return { status: 'graded', score: good / Math.max(1, characters.length) };
      },
    },
    symbols: SYMBOLS,
  };
}

/** A whole step of GRPO as a stage of a recipe. */
export function grpoStage(promptsPerStep: number) {
  return {
    method: 'grpo',
    steps: STEPS,
    learningRate: LEARNING_RATE,
    promptsPerStep,
    groupSize: COMPLETIONS,
    maxTokens: NEW_TOKENS,
  };
}

/**
 * Model operations behind one completion: its share of reading the prompt, decoding, and learning from the whole sequence,
 * for completions of the length that is to be expected.
 */
export function grpoFlopsPerCompletion(): number {
  const config = MODELS[MODEL];
  const sampling = decodingFlops(config, COMPLETIONS, PROMPT_TOKENS, EXPECTED_TOKENS, 1);
  return (sampling + trainingFlops(config, COMPLETIONS, PROMPT_TOKENS + EXPECTED_TOKENS)) / COMPLETIONS;
}

export async function* benchGrpo(context: BenchContext): AsyncGenerator<BenchRow> {
  const work = `grpo ${MODEL} ${PROMPTS}x${COMPLETIONS}x${NEW_TOKENS}`;
  if (!context.wants(work)) return;
  const completions = PROMPTS * COMPLETIONS;
  yield* await withFolder(async (folder) => {
    const engine = await benchEngine(MODEL);
    const tokenizer = benchTokenizer();
    const environment = shareOfGood(PROMPT_TOKENS);
    const model = join(folder, 'model');
    await engine.export(model);
    const run = await LoopRun.start({ engine, tokenizer, environment, stage: grpoStage(PROMPTS), folder });
    const peers = await startPeers(context, model, environment);
    try {
      return await takeTurns({
        ...context,
        work,
        unit: 'completions/s',
        ours: async () => completions / (await run.step()),
        peers: peers.map((peer) => asSide(peer, async (trl) => completions / (await trl.go()).seconds)),
        flopsPerUnit: grpoFlopsPerCompletion(),
      });
    } finally {
      await stopPeers(peers);
      await run.stop();
      engine.dispose();
    }
  });
}

async function startPeers(
  { peers, threads }: BenchContext,
  model: string,
  environment: Environment,
): Promise<StartedPeer[]> {
  if (peers === undefined) return [];
  const settings = {
    model,
    prompts: Array.from({ length: TASKS }, (_, i) => environment.task('train', i).prompt),
    good: [...GOOD].join(''),
    promptsPerStep: PROMPTS,
    completions: COMPLETIONS,
    newTokens: NEW_TOKENS,
    learningRate: LEARNING_RATE,
    threads,
  };
  const start = (tuned: boolean) =>
    tryPeer('TRL GRPOTrainer', () => PeerProcess.python(peers.python, 'grpo.py', { ...settings, tuned }));
  return [await start(true), await start(false)];
}
