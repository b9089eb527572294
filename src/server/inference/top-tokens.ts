/** The likeliest tokens of a distribution. */

export interface TokenLogprob {
  token: number;
  /** Nats. */
  logprob: number;
}

/** The `count` likeliest tokens of logprobs[start .. start + size - 1], likeliest first; equals in order of id. */
export function topTokens(
  logprobs: Float32Array,
  start: number,
  size: number,
  count: number,
): TokenLogprob[] {
  const top: TokenLogprob[] = [];
  for (let token = 0; token < size; token++) {
    const logprob = logprobs[start + token];
    if (top.length === count && !(logprob > top[count - 1].logprob)) continue;
    if (count === 0) return top;
    let at = top.length;
    while (at > 0 && top[at - 1].logprob < logprob) at--;
    top.splice(at, 0, { token, logprob });
    if (top.length > count) top.pop();
  }
  return top;
}
