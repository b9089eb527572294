/** Cuts a completion's text into episodes: the attempts of its thinking, and the answer after them. */

/** How episodes are marked in a text. With nothing given, the whole thinking is one episode. */
export interface EpisodeMarks {
  /** An episode ends after each of these: `;` where every attempt is closed by one. */
  after?: readonly string[];
  /** An episode ends before each of these, which opens the next: `;` where attempts are parted by it. */
  before?: readonly string[];
  /** A paragraph (after a blank line) that begins with one of these words opens an episode. */
  cues?: readonly string[];
  /** A cue is passed over in the paragraph that opened an episode and in this many after it; 2 unless given. */
  gap?: number;
  /** Thinking ends before the first of these, and the answer begins: `#`, `</think>`. */
  answer?: string;
  /** Most episodes; what follows belongs to the last. 99 unless given. */
  most?: number;
}

/** Where episodes end, as offsets into the text. */
export interface EpisodeSpans {
  /** End of each episode, ascending; the last is `thinkingEnd`. Empty where there is no thinking at all. */
  ends: number[];
  /** Where the thinking ends: before the answer's mark, or at the end of a text without it. */
  thinkingEnd: number;
  /** Whether the answer's mark was found. */
  answered: boolean;
}

/** Paragraphs that open an episode in open-ended thinking, as in the authors' code for MRT (arXiv 2503.07572). */
export const REASONING_CUES: readonly string[] = [
  'Wait',
  'But wait',
  'Alternatively',
  'Is there another way to think about this?',
  'But let me double-check',
  'But hold on',
];

function occurrences(text: string, mark: string): number[] {
  if (mark === '') throw new RangeError('splitEpisodes: a mark is empty, expected at least one character');
  const found: number[] = [];
  for (let at = text.indexOf(mark); at >= 0; at = text.indexOf(mark, at + mark.length)) found.push(at);
  return found;
}

/** Starts of the paragraphs that open an episode. */
function cueStarts(text: string, cues: readonly string[], gap: number): number[] {
  const starts = [0, ...Array.from(text.matchAll(/\n[^\S\n]*\n\s*/g), (m) => m.index + m[0].length)];
  const opened: number[] = [];
  let last = 0;
  starts.forEach((start, paragraph) => {
    if (paragraph - last <= gap || !cues.some((cue) => text.startsWith(cue, start))) return;
    opened.push(start);
    last = paragraph;
  });
  return opened;
}

/**
 * The episodes z_0 … z_{k-1} of a completion (Qu et al. 2025, "Optimizing Test-Time Compute via Meta Reinforcement
 * Fine-Tuning", §3). Marks of all kinds may be given at once. Throws a RangeError on an empty mark.
 */
export function splitEpisodes(text: string, marks: EpisodeMarks): EpisodeSpans {
  const { after = [], before = [], cues = [], gap = 2, answer, most = 99 } = marks;
  const at = answer === undefined ? -1 : (occurrences(text, answer)[0] ?? -1);
  const thinkingEnd = at < 0 ? text.length : at;
  const thinking = text.slice(0, thinkingEnd);
  const cuts = [
    ...after.flatMap((mark) => occurrences(thinking, mark).map((start) => start + mark.length)),
    ...before.flatMap((mark) => occurrences(thinking, mark)),
    ...(cues.length > 0 ? cueStarts(thinking, cues, gap) : []),
  ];
  const inside = [...new Set(cuts)].filter((cut) => cut > 0 && cut < thinkingEnd).sort((a, b) => a - b);
  const ends = thinkingEnd === 0 ? [] : [...inside.slice(0, Math.max(0, most - 1)), thinkingEnd];
  return { ends, thinkingEnd, answered: at >= 0 };
}
