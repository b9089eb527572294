/** For tests: an engine whose next-symbol probabilities are a function of the text so far, so that chances are known. */
import type { FrozenEngine, SampleRequest, SamplingParams } from '../../engine/index.ts';
import { rng } from '../../random/index.ts';
import { symbolTokenizer, type Tokenizer } from '../../text/index.ts';
import type { Sample } from '../../types/index.ts';

/** Symbols of the scripted thinking: `a` and `b` are attempts, each closed by `;`; `|` begins the answer, `y` or `n`. */
export const scriptedTokenizer = (): Tokenizer => symbolTokenizer([...':ab;|yn12']);

const EOS = '<eos>';

/** Probability of each next symbol (`<eos>` ends the completion) after the text of prompt and completion. */
export type Script = (text: string) => Readonly<Record<string, number>>;

/** A model that follows a script; it has no weights. */
export function scriptedModel(script: Script): FrozenEngine {
  const tokenizer = scriptedTokenizer();
  const idOf = (symbol: string) => (symbol === EOS ? tokenizer.eosId : tokenizer.encode(symbol)[0]);
  const complete = ({ prompt, seed }: SampleRequest, i: number, maxTokens: number): Sample => {
    const random = rng(seed, i);
    const tokens: number[] = [];
    const logprobs: number[] = [];
    let text = tokenizer.decode(prompt);
    let ended = false;
    while (!ended && tokens.length < maxTokens) {
      const options = Object.entries(script(text));
      let left = random.uniform();
      const [symbol, p] =
        options.find(([, chance]) => {
          left -= chance;
          return left < 0;
        }) ?? options[options.length - 1];
      tokens.push(idOf(symbol));
      logprobs.push(Math.log(p));
      ended = symbol === EOS;
      if (!ended) text += symbol;
    }
    return {
      tokens,
      logprobs: Float32Array.from(logprobs),
      text: tokenizer.decode(tokens),
      finishReason: ended ? 'stop' : 'length',
      weightsVersion: 0,
    };
  };
  return {
    weightsVersion: 0,
    async sample(requests, params: SamplingParams, options = {}) {
      options.signal?.throwIfAborted();
      return requests.map((request) =>
        Array.from({ length: request.n }, (_, i) => complete(request, i, params.maxTokens)),
      );
    },
    async forward(sequences) {
      const logprobs = sequences.map((tokens) =>
        Float32Array.from(tokens, (id, t) => {
          const chances = Object.entries(script(tokenizer.decode(tokens.slice(0, t))));
          return Math.log(chances.find(([symbol]) => idOf(symbol) === id)?.[1] ?? 1);
        }),
      );
      return { logprobs };
    },
    async export() {},
    dispose() {},
  };
}

/**
 * A searcher whose chance of a right answer is `p[k]` after k attempts `a` (the useful kind), attempts of both kinds being
 * equally likely; it answers by itself with probability `stop` after each attempt.
 */
export function searcher(p: readonly number[], stop = 0.2): FrozenEngine {
  return scriptedModel((text): Record<string, number> => {
    const thinking = text.slice(text.indexOf(':') + 1);
    const last = text[text.length - 1];
    if (last === 'y' || last === 'n') return { [EOS]: 1 };
    if (last === 'a' || last === 'b') return { ';': 1 };
    const useful = Math.min(p.length - 1, thinking.split('a').length - 1);
    if (last === '|') return { y: p[useful], n: 1 - p[useful] };
    const on = last === ':' ? 1 : 1 - stop;
    return { a: on / 2, b: on / 2, '|': 1 - on };
  });
}
