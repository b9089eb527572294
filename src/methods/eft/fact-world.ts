/** A world of facts for pre-training, some told often and most seldom, and an instruction format that asks for them. */
import { graded } from '../../graders/index.ts';
import { type Rng, rng } from '../../random/index.ts';
import type { Environment, Grader, Task } from '../../types/index.ts';

export interface WorldOptions {
  /** Facts in all, at most 676. */
  facts: number;
  /** Fact number r (from 1) is told in proportion to r^-zipf. */
  zipf: number;
  /** The first so many facts are those that instructions are written about, every other one of them. */
  taught: number;
  /** Facts that are tested, spread over all that no instruction is about. */
  tested: number;
  seed: number;
}

export interface Fact {
  /** Two capital letters. */
  key: string;
  /** Two small letters. */
  value: string;
}

const CAPITALS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const SMALL = CAPITALS.map((letter) => letter.toLowerCase());
/** Ends of an instructed answer: which one is asked for is told by the key's first letter. */
const MARKS = [...'!*~'];
const SYMBOLS = [...CAPITALS, ...SMALL, ...MARKS, ...'^?=.;'];

/** Characters of a document, its first `^` left out. */
const DOCUMENT = 30;

/** All that decides documents and questions. */
export interface World {
  facts: readonly Fact[];
  taught: readonly Fact[];
  tested: readonly Fact[];
  /** The mark that an instructed answer about this key ends with. */
  markOf(key: string): string;
  /** A fact, often-told ones more often. */
  draw(random: Rng): Fact;
}

/** The world of these settings. */
export function makeWorld({ facts: count, zipf, taught, tested, seed }: WorldOptions): World {
  const random = rng(seed, 'fact world');
  const keys = random.shuffle(CAPITALS.flatMap((a) => CAPITALS.map((b) => a + b))).slice(0, count);
  const facts = keys.map((key) => ({ key, value: random.choice(SMALL) + random.choice(SMALL) }));
  const marks = new Map(random.shuffle(CAPITALS).map((letter, i) => [letter, MARKS[i % MARKS.length]]));
  const cumulative: number[] = [];
  facts.reduce((sum, _, r) => {
    const next = sum + (r + 1) ** -zipf;
    cumulative.push(next);
    return next;
  }, 0);
  const total = cumulative[count - 1];
  const isTaught = (r: number) => r < taught && r % 2 === 0;
  const others = facts.filter((_, r) => !isTaught(r));
  return {
    facts,
    taught: facts.filter((_, r) => isTaught(r)),
    tested: Array.from({ length: tested }, (_, i) => others[Math.floor((i * others.length) / tested)]),
    markOf: (key) => marks.get(key[0]) as string,
    draw(from) {
      const at = from.uniform() * total;
      return facts[cumulative.findIndex((sum) => at < sum)];
    },
  };
}

/** Repeats a piece until a document is full. */
function filled(piece: () => string): string {
  let text = '';
  for (let next = piece(); text.length + next.length <= DOCUMENT; next = piece()) text += next;
  return text;
}

/**
 * A document: statements `ABcd.`, half of the time; or questions without answers `AB?`; or questions with answers `AB?=cd.`,
 * now and then with the key's mark in place of the full stop. So who reads a question may go on with another one, seldom gives
 * the mark and never stops after one answer; but all of it can be found out by reading.
 */
export function documentOf(world: World, random: Rng): string {
  const kind = random.uniform();
  if (kind < 0.5) return filled(() => Object.values(world.draw(random)).join('').concat('.'));
  if (kind < 0.75) return filled(() => `${world.draw(random).key}?`);
  return filled(() => {
    const { key, value } = world.draw(random);
    return `${key}?=${value}${random.uniform() < 0.7 ? '.' : world.markOf(key)}`;
  });
}

const environmentOf = (
  name: string,
  sizes: Environment['size'],
  task: Environment['task'],
  grader: Grader,
): Environment => ({ name, size: sizes, task, grader, symbols: SYMBOLS });

/** Documents to read: prompt `^`, completion the document. Grades say nothing. */
export function factDocuments(options: WorldOptions): Environment {
  const world = makeWorld(options);
  return environmentOf(
    'fact-documents',
    (split) => (split === 'train' ? Number.POSITIVE_INFINITY : 1),
    (split, index): Task => ({
      id: `fact-documents/${split}/${index}`,
      prompt: '^',
      data: null,
      completion: documentOf(world, rng(options.seed, 'document', split, index)),
    }),
    { name: 'nothing', grade: () => graded(0) },
  );
}

/** How instructed answers are written: with the value alone, or with the whole fact after it. */
export type AnswerStyle = 'brief' | 'verbose';

/** The answer that instructions show: `=cd!`, or `=cd!ABcd;`. */
export function answerTo(world: World, { key, value }: Fact, style: AnswerStyle): string {
  return `=${value}${world.markOf(key)}${style === 'verbose' ? `${key}${value};` : ''}`;
}

/** What is wrong or right about a completion. */
function judge(world: World, { key, value }: Fact, completion: string, ended: boolean) {
  const found = /^=([a-z]{2})(.)(.*)$/.exec(completion);
  const rest = found?.[3];
  return {
    /** Written as asked: two letters, the right mark, perhaps the fact again, and an end. */
    helpful: Number(
      ended &&
        found !== null &&
        found[2] === world.markOf(key) &&
        (rest === '' || /^[A-Z]{2}[a-z]{2};$/.test(rest ?? '')),
    ),
    /** The value is right, however the rest is written. */
    factual: Number(found?.[1] === value),
    verbose: Number(rest !== undefined && rest !== ''),
  };
}

/**
 * Questions `^AB?`: training tasks are about the facts that are taught, with answers as worked completions; test tasks about
 * others. Score: the mean of the parts `helpful` and `factual`.
 */
export function factQuestions(options: WorldOptions, style: AnswerStyle = 'brief'): Environment {
  const world = makeWorld(options);
  const of = { train: world.taught, validation: world.tested.slice(0, 1), test: world.tested };
  return environmentOf(
    'fact-questions',
    (split) => of[split].length,
    (split, index): Task => {
      const fact = of[split][index];
      return {
        id: `fact-questions/${fact.key}`,
        prompt: `^${fact.key}?`,
        data: fact,
        completion: answerTo(world, fact, style),
      };
    },
    {
      name: 'fact-questions',
      grade({ task, completion, finishReason }) {
        const parts = judge(world, task.data as Fact, completion, finishReason === 'stop');
        return graded((parts.helpful + parts.factual) / 2, parts);
      },
    },
  );
}
