/** Laying ragged sequences one after another in rows of equal length: little padding, and few programs to compile. */
import { bucketLength, nextPowerOfTwo } from './batching.ts';
import { type Bundle, bundleLength, bundlesOf, singly } from './bundles.ts';

/** Where a sequence lies in a row: its first `shared` tokens from `prefix` on, the others from `start` on. */
export interface Place {
  /** Which sequence. */
  sequence: number;
  row: number;
  start: number;
  /** Tokens that it has in common with others of the row; 0 for a sequence on its own. */
  shared: number;
  prefix: number;
}

/** Where token t of a sequence lies in its row. */
export function placeOf({ start, shared, prefix }: Place, t: number): number {
  return t < shared ? prefix + t : start + t - shared;
}

/** Where a bundle lies. */
interface Item {
  bundle: number;
  start: number;
}

/** What a program is compiled for. */
export interface RunShape {
  rows: number;
  /** Tokens a row. */
  length: number;
  /** Room for sequences. */
  slots: number;
  /** Whether a row may hold several sequences; if not, each starts its row. */
  shared: boolean;
  /** Whether sequences of a row may have a prefix in common. */
  prefixes: boolean;
}

/** One run: the sequence of slot s lies at places[s]. */
export interface PackedRun extends RunShape {
  places: readonly Place[];
}

export interface PackingOptions {
  /** Most tokens of a run with rows of a length, padding included; a run has one row at least. */
  maxTokens(length: number): number;
  /** What attention adds to a token's time for each token of its row, in times of a token without attention. */
  attentionCost: number;
}

/** Cost of one more run, in tokens. */
const RUN_COST = 64;
/** Cost of one more shape, in tokens: its share of a program's compilation, which takes as long as thousands of them. */
const SHAPE_COST = 1024;
/** Numbers of rows are whole numbers of steps of about this many tokens: programs are few, where little is lost. */
const STEP_TOKENS = 256;
/** Tokens of the shortest row that batches have in common. */
const SHORTEST_ROW = 16;
/**
 * What rows as long as their longest sequence must save to be taken instead of rows of a length that other batches
 * have too.
 */
const FITTED_GAIN = 1.1;
/** How many more tokens best-fit packing was measured to need than there are. */
const PACKING_LOSS = 1.03;

/** Bundles [from, until) of an order by falling length, and the rows that they are to share. */
interface Plan {
  cost: number;
  until: number;
  length: number;
}

/** Cuts sequences into runs, see `packBundles`. The result depends on nothing but the lengths. */
export function packSequences(lengths: readonly number[], options: PackingOptions): PackedRun[] {
  return packBundles(singly(lengths), options);
}

/** What reading common prefixes once must save, as a share of the time, to be worth programs of its own. */
const LEAST_GAIN = 0.1;

/**
 * Cuts a batch that is learned from into runs: prompts that several sequences begin with are read once where that saves
 * enough. The result depends on nothing but tokens and masks (which are above 0 at scored tokens).
 */
export function packBatch(
  sequences: readonly (readonly number[])[],
  mask: readonly ArrayLike<number>[],
  options: PackingOptions,
): PackedRun[] {
  const lengths = sequences.map((tokens) => tokens.length);
  const alone = packSequences(lengths, options);
  const longest = options.maxTokens(lengths.reduce((most, tokens) => Math.max(most, tokens), 0));
  const together = packBundles(bundlesOf(sequences, mask, { ...options, longest }), options);
  const time = (runs: readonly PackedRun[]) =>
    runs.reduce((sum, { rows, length }) => sum + rows * length * (1 + options.attentionCost * length), 0);
  return time(together) < (1 - LEAST_GAIN) * time(alone) ? together : alone;
}

/**
 * Cuts bundles into runs. Long ones come first; neighbours in length share runs where that costs less than another
 * shape. The result depends on nothing but the lengths.
 */
export function packBundles(bundles: readonly Bundle[], options: PackingOptions): PackedRun[] {
  const lengths = bundles.map(bundleLength);
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const tokensBefore = [0];
  for (const i of order) tokensBefore.push((tokensBefore.at(-1) as number) + lengths[i]);
  // Groups are cut where the padded length changes.
  const cuts = order.flatMap((i, at) =>
    at > 0 && bucketLength(lengths[i]) === bucketLength(lengths[order[at - 1]]) ? [] : [at],
  );
  cuts.push(order.length);
  // best[c]: the cheapest plan for the bundles from the c-th cut on, found from the back.
  const best: Plan[] = new Array(cuts.length);
  best[cuts.length - 1] = { cost: 0, until: cuts.length - 1, length: 0 };
  for (let from = cuts.length - 2; from >= 0; from--) {
    best[from] = { cost: Number.POSITIVE_INFINITY, until: from + 1, length: 0 };
    for (const { length, handicap } of rowLengths(lengths[order[cuts[from]]], options)) {
      // Bundles longer than half a row have it to themselves.
      let long = 0;
      for (let until = from + 1; until < cuts.length; until++) {
        while (cuts[from] + long < cuts[until] && 2 * lengths[order[cuts[from] + long]] > length) long++;
        const tokens = tokensBefore[cuts[until]] - tokensBefore[cuts[from]];
        const rows = Math.min(
          cuts[until] - cuts[from],
          Math.max(long, Math.ceil((PACKING_LOSS * tokens) / length)),
        );
        const cost = best[until].cost + handicap * costOf(rows, length, options);
        if (cost < best[from].cost) best[from] = { cost, until, length };
      }
    }
  }
  const runs: PackedRun[] = [];
  for (let c = 0; c < cuts.length - 1; c = best[c].until) {
    const group = order.slice(cuts[c], cuts[best[c].until]);
    runs.push(...runsOf(bundles, bestFit(group, lengths, best[c].length), best[c].length, options));
  }
  return runs;
}

/** Row lengths to try, and what their costs are multiplied by to compare them. */
function rowLengths(longest: number, { maxTokens }: PackingOptions): { length: number; handicap: number }[] {
  // Powers of two, and one and a half times those.
  const power = nextPowerOfTwo(Math.max(SHORTEST_ROW, longest));
  const common = [power, 0.75 * power >= Math.max(SHORTEST_ROW, longest) ? 0.75 * power : 1.5 * power];
  return [
    { length: bucketLength(longest), handicap: FITTED_GAIN },
    ...common.filter((length) => length <= maxTokens(length)).map((length) => ({ length, handicap: 1 })),
  ];
}

/** How `rows` rows are cut: a number of runs of equally many rows. */
function cut(rows: number, length: number, { maxTokens }: PackingOptions): { runs: number; rows: number } {
  const most = Math.max(1, Math.floor(maxTokens(length) / length));
  const runs = Math.ceil(rows / most);
  return { runs, rows: Math.min(most, roundedRows(Math.ceil(rows / runs), length)) };
}

/** The smallest number of rows of at least `n` that is a power of two, or a whole number of steps. */
export function roundedRows(n: number, length: number): number {
  const power = nextPowerOfTwo(n);
  const step = Math.max(1, power / 16, nextPowerOfTwo(Math.floor(STEP_TOKENS / length)));
  return Math.min(power, Math.ceil(n / step) * step);
}

function costOf(rows: number, length: number, options: PackingOptions): number {
  const { runs, rows: each } = cut(rows, length, options);
  return SHAPE_COST + runs * (RUN_COST + each * length * (1 + options.attentionCost * length));
}

/**
 * Best fit over falling lengths (Johnson 1974, "Fast algorithms for bin packing"): every bundle goes where it leaves
 * the least room.
 */
function bestFit(group: readonly number[], lengths: readonly number[], length: number): Item[][] {
  const rows: Item[][] = [];
  /** Rows by the room they have left. */
  const byRoom: number[][] = Array.from({ length: length + 1 }, () => []);
  for (const bundle of group) {
    const tokens = lengths[bundle];
    let room = tokens;
    while (room <= length && byRoom[room].length === 0) room++;
    const row = room <= length ? (byRoom[room].pop() as number) : rows.push([]) - 1;
    const left = Math.min(room, length);
    rows[row].push({ bundle, start: length - left });
    byRoom[left - tokens].push(row);
  }
  return rows;
}

/** Deals rows out to runs in turn, so that every run gets its share of full ones. */
function runsOf(
  bundles: readonly Bundle[],
  packed: readonly Item[][],
  length: number,
  options: PackingOptions,
): PackedRun[] {
  const { runs, rows } = cut(packed.length, length, options);
  return Array.from({ length: runs }, (_, run) => {
    const own = packed.filter((_, row) => row % runs === run);
    const places = own.flatMap((items, row) =>
      items.flatMap((item) => placesOf(bundles[item.bundle], row, item.start)),
    );
    const prefixes = places.some((place) => place.shared > 0);
    const shared = prefixes || own.some((items) => items.length > 1);
    const slots = shared ? rows * 4 ** Math.ceil(Math.log2(Math.max(1, places.length / rows)) / 2) : rows;
    return { places, rows, length, slots, shared, prefixes };
  });
}

/** Places of a bundle's sequences that begins at place `prefix` of a row: the prefix, then one tail after the other. */
function placesOf({ shared, sequences, tails }: Bundle, row: number, prefix: number): Place[] {
  let start = prefix + shared;
  return sequences.map((sequence, i) => {
    const place = { sequence, row, start, shared, prefix };
    start += tails[i];
    return place;
  });
}
