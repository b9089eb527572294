/**
 * Peer: llama.cpp decoding, through its C API. Run as `node --import tsx bench/peers/llama.ts '<settings>'`; the protocol is
 * that of common.py. For each number of rows it first tries its two ways to keep keys and values, one cache for all rows
 * and one a row, one repetition each after one to warm up, and keeps the faster one. Everything else is llama.cpp's default:
 * keys and values in half precision, flash attention where it likes it.
 *
 * Settings: libraries (folder), model (GGUF file), rows (list), prompts (token ids, equally long), newTokens, threads. When
 * it is ready it also tells `greedy`: the likeliest continuation of the first prompt, computed in single precision.
 */
import { createInterface } from 'node:readline';
import { DEFAULT_ATTENTION, LlamaDecoder, PLAIN_ATTENTION } from './llama-decoder.ts';
import { F16, F32, LLAMA_RELEASE, loadLlama } from './llama-library.ts';

interface Settings {
  libraries: string;
  model: string;
  rows: number[];
  prompts: number[][];
  newTokens: number;
  threads: number;
}

/** Half precision is llama.cpp's default for the cache; single precision was measured slower at every number of rows. */
const VARIANTS = [
  { unified: false, name: 'one cache a row' },
  { unified: true, name: 'one cache' },
];

const say = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);

function timed(work: () => void): number {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}

async function main(settings: Settings): Promise<void> {
  const { prompts, newTokens, threads } = settings;
  const llama = loadLlama(settings.libraries);
  const model = llama.model_load_from_file(settings.model, llama.model_default_params());
  if (!model) throw new Error(`llama.cpp cannot load ${settings.model}`);
  const length = prompts[0].length + newTokens;
  const open = (rows: number, variant: (typeof VARIANTS)[number]) =>
    new LlamaDecoder(llama, model, {
      rows,
      length,
      threads,
      unified: variant.unified,
      cacheType: F16,
      flashAttention: DEFAULT_ATTENTION,
      greedy: false,
      seed: 1,
    });

  const exact = new LlamaDecoder(llama, model, {
    rows: 1,
    length,
    threads,
    unified: true,
    cacheType: F32,
    flashAttention: PLAIN_ATTENTION,
    greedy: true,
    seed: 1,
  });
  const [greedy] = exact.sample(prompts.slice(0, 1), newTokens);
  exact.dispose();

  const decoders = new Map<number, LlamaDecoder>();
  const chosen: Record<number, string> = {};
  for (const rows of settings.rows) {
    let best = Number.POSITIVE_INFINITY;
    for (const variant of VARIANTS) {
      const decoder = open(rows, variant);
      decoder.sample(prompts.slice(0, rows), newTokens);
      const seconds = timed(() => decoder.sample(prompts.slice(0, rows), newTokens));
      if (seconds >= best) {
        decoder.dispose();
        continue;
      }
      best = seconds;
      decoders.get(rows)?.dispose();
      decoders.set(rows, decoder);
      chosen[rows] = variant.name;
    }
  }
  say({ ready: true, peer: `llama.cpp ${LLAMA_RELEASE}, C API`, chosen, greedy });

  for await (const line of createInterface({ input: process.stdin })) {
    const [command, argument] = line.split(' ');
    if (command === 'quit') break;
    const rows = Number(argument);
    const decoder = decoders.get(rows);
    if (command !== 'go' || decoder === undefined) {
      say({ error: `line '${line}': expected go <${[...decoders.keys()].join(' or ')}>, or quit` });
      continue;
    }
    const seconds = timed(() => decoder.sample(prompts.slice(0, rows), newTokens));
    say({ rows, seconds, tokensPerSecond: (rows * newTokens) / seconds });
  }
  for (const decoder of decoders.values()) decoder.dispose();
  llama.model_free(model);
}

main(JSON.parse(process.argv[2]) as Settings).catch((error: Error) => {
  say({ error: error.message });
  process.exitCode = 2;
});
