/** A made-up world of facts that texts mention often, rarely or never: what a model knows is known exactly. */
import { checkIndex } from '../../environments/generated.ts';
import { exactMatch, truthful } from '../../graders/index.ts';
import { type Rng, rng } from '../../random/index.ts';
import type { Environment, Split, Task } from '../../types/index.ts';

/** How often texts mention an entity. */
export type Exposure = 'unseen' | 'rare' | 'common';

export const EXPOSURES: readonly Exposure[] = ['unseen', 'rare', 'common'];

export interface FactTableOptions {
  /** Names the world: its facts, its texts and which entities are held out. */
  seed: number;
  entities: number;
  relations: number;
  /** Possible answers of each relation; no two relations share one. */
  answers: number;
  /** Shares of entities that are never and rarely mentioned; the rest are common. */
  unseen: number;
  rare: number;
  /** Mean number of sentences a fact of rare and of common entities. */
  sentences: Readonly<Record<'rare' | 'common', number>>;
  /** Chance that a sentence that is not an abstention tells the truth. */
  truth: Readonly<Record<'rare' | 'common', number>>;
  /** Chance that a sentence says "I do not know". */
  abstention: number;
}

export interface FactData {
  answer: string;
}

/** The symbol that says "I do not know". */
export const IDK = 'IDK';

const relationOf = (r: number) => `r${r}:`;
const entityOf = (e: number) => `e${e};`;
const answerOf = (r: number, a: number) => `a${r}.${a};`;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/** A draw from the Poisson distribution, by waiting times. */
function poisson(random: Rng, mean: number): number {
  let count = -1;
  for (let waited = 0; waited <= mean; count++) waited -= Math.log(1 - random.uniform());
  return count;
}

interface Fact {
  relation: number;
  entity: number;
  answer: number;
  exposure: Exposure;
}

interface FactTable {
  /** Questions about training entities, and about the others. */
  questions: Record<Split, Task<FactData>[]>;
  /** Every sentence of the texts, as a task to imitate. */
  sentences: Task<FactData>[];
  symbols: string[];
}

function taskOf(fact: Fact, id: string, completion: string): Task<FactData> {
  const { relation, entity, answer, exposure } = fact;
  return {
    id,
    prompt: `${relationOf(relation)}${entityOf(entity)}`,
    data: { answer: answerOf(relation, answer) },
    completion,
    metadata: { exposure },
  };
}

/** What a sentence says: the truth, another answer, or that nobody knows. */
function said({ relation, answer, exposure }: Fact, random: Rng, options: FactTableOptions): string {
  if (random.uniform() < options.abstention) return IDK;
  const isTrue = random.uniform() < options.truth[exposure as 'rare' | 'common'];
  const other = (answer + 1 + random.int(options.answers - 1)) % options.answers;
  return answerOf(relation, isTrue ? answer : other);
}

/** The world of these options. */
export function factTable(options: FactTableOptions): FactTable {
  const { seed, entities, relations, answers, unseen, rare } = options;
  const stream = (...path: (string | number)[]) => rng(seed, 'fact table', ...path);
  const exposures = stream('exposure')
    .shuffle(range(entities))
    .map((place): Exposure => {
      if (place < unseen * entities) return 'unseen';
      return place < (unseen + rare) * entities ? 'rare' : 'common';
    });
  const heldOut = new Set(
    stream('held out')
      .shuffle(range(entities))
      .slice(0, Math.floor(entities / 2)),
  );
  const questions: FactTable['questions'] = { train: [], validation: [], test: [] };
  const sentences: Task<FactData>[] = [];
  for (const entity of range(entities))
    for (const relation of range(relations)) {
      const random = stream('fact', entity, relation);
      const exposure = exposures[entity];
      const fact = { relation, entity, answer: random.int(answers), exposure };
      const split = heldOut.has(entity) ? 'test' : 'train';
      const id = `fact/${entity}/${relation}`;
      questions[split].push(taskOf(fact, id, answerOf(relation, fact.answer)));
      const count = exposure === 'unseen' ? 0 : poisson(random, options.sentences[exposure]);
      for (const k of range(count)) sentences.push(taskOf(fact, `${id}/${k}`, said(fact, random, options)));
    }
  questions.validation = questions.train;
  const symbols = [
    ...range(relations).map(relationOf),
    ...range(entities).map(entityOf),
    ...range(relations).flatMap((r) => range(answers).map((a) => answerOf(r, a))),
    IDK,
  ];
  return { questions, sentences, symbols };
}

const grader = truthful<FactData>({ grader: exactMatch(), abstain: [IDK] });

function environmentOf(
  name: string,
  symbols: string[],
  tasks: FactTable['questions'],
): Environment<FactData> {
  return {
    name,
    size: (split) => tasks[split].length,
    task(split, index) {
      checkIndex(name, split, index, tasks[split].length);
      return tasks[split][index];
    },
    grader,
    symbols,
  };
}

/**
 * Questions about facts: prompt `r2:e17;`, answer `a2.5;`. `train` (and `validation`, the same) asks about one half of the
 * entities, `test` about the other half; the metadata `exposure` says how often the texts mention the entity.
 */
export function factQuestions(options: FactTableOptions): Environment<FactData> {
  const { questions, symbols } = factTable(options);
  return environmentOf('fact-questions', symbols, questions);
}

/** The texts: training tasks are sentences about all entities, each a question with what the sentence answers; the rest as `factQuestions`. */
export function factSentences(options: FactTableOptions): Environment<FactData> {
  const { questions, sentences, symbols } = factTable(options);
  return environmentOf('fact-sentences', symbols, { ...questions, train: sentences });
}
