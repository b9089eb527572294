/** Where the episodes of a completion end, in tokens: the text decides, token ids are never made anew. */
import { type EpisodeMarks, StreamDecoder, splitEpisodes, type Tokenizer } from '../text/index.ts';

/** Episodes of a completion in tokens. */
export interface EpisodeEnds {
  /** Completion tokens up to the end of each episode, ascending, all above 0. */
  ends: number[];
  /** Whether the answer's mark was found: else the completion was cut while it was thinking. */
  answered: boolean;
}

/**
 * Ends of the episodes of a completion's tokens. A token that reaches over a boundary belongs to the episode before it,
 * except at the end of the thinking, where the token with the answer's mark belongs to the answer.
 */
export function episodeEnds(
  completion: readonly number[],
  tokenizer: Tokenizer,
  marks: EpisodeMarks,
): EpisodeEnds {
  const decoder = new StreamDecoder(tokenizer);
  let text = '';
  /** Characters known after each token. */
  const reach = completion.map((id) => {
    text += decoder.push(id);
    return text.length;
  });
  text += decoder.flush();
  if (reach.length > 0) reach[reach.length - 1] = text.length;
  const spans = splitEpisodes(text, marks);
  const tokensTo = (offset: number) => {
    const last = spans.answered && offset === spans.thinkingEnd;
    if (last) return reach.findLastIndex((end) => end <= offset) + 1;
    return reach.findIndex((end) => end >= offset) + 1;
  };
  const thinking = spans.answered ? tokensTo(spans.thinkingEnd) : completion.length;
  const ends = spans.ends.map((offset) => Math.min(tokensTo(offset), thinking));
  return { ends: [...new Set(ends)].filter((end) => end > 0), answered: spans.answered };
}
