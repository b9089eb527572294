/** The fact table: exposure decides what texts say, halves never share an entity, outcomes are three. */
import { describe, expect, it } from 'vitest';
import { truthOutcome } from '../../graders/index.ts';
import { EXPOSURES, type FactTableOptions, factQuestions, factSentences, IDK } from './fact-table.ts';

const options: FactTableOptions = {
  seed: 3,
  entities: 200,
  relations: 4,
  answers: 16,
  unseen: 0.35,
  rare: 0.35,
  sentences: { rare: 3, common: 24 },
  truth: { rare: 0.75, common: 0.9 },
  abstention: 0.05,
};
const questions = factQuestions(options);
const texts = factSentences(options);
const all = <T>(size: number, at: (index: number) => T) => Array.from({ length: size }, (_, i) => at(i));

describe('fact table', () => {
  const sentences = all(texts.size('train'), (i) => texts.task('train', i));

  it('mentions entities by their exposure, with as much truth and ignorance as told', () => {
    for (const exposure of ['rare', 'common'] as const) {
      const some = sentences.filter(({ metadata }) => metadata?.exposure === exposure);
      const facts = 4 * 200 * (exposure === 'rare' ? 0.35 : 0.3);
      expect(Math.abs(some.length / facts / options.sentences[exposure] - 1)).toBeLessThan(0.1);
      const silent = some.filter(({ completion }) => completion === IDK);
      expect(Math.abs(silent.length / some.length - 0.05)).toBeLessThan(0.03);
      const right = some.filter(({ completion, data }) => completion === data.answer);
      const truth = right.length / (some.length - silent.length);
      expect(Math.abs(truth - options.truth[exposure])).toBeLessThan(0.06);
    }
    expect(sentences.some(({ metadata }) => metadata?.exposure === 'unseen')).toBe(false);
  });

  it('asks about one half of the entities in training and about the other in the test', () => {
    expect([questions.size('train'), questions.size('test')]).toEqual([400, 400]);
    const entities = (split: 'train' | 'test') =>
      new Set(all(400, (i) => String(questions.task(split, i).prompt).split(':')[1]));
    const [asked, heldOut] = [entities('train'), entities('test')];
    expect([...heldOut].filter((entity) => asked.has(entity))).toEqual([]);
    for (const exposure of EXPOSURES)
      expect(
        all(400, (i) => questions.task('test', i)).some((task) => task.metadata?.exposure === exposure),
      ).toBe(true);
  });

  it('grades the truth, whatever the texts say, in three outcomes', async () => {
    const task = questions.task('test', 5);
    const outcomeOf = async (completion: string) =>
      truthOutcome(
        await questions.grader.grade(
          { task, completion, tokens: [], finishReason: 'stop' },
          new AbortController().signal,
        ),
      );
    expect(await outcomeOf(task.data.answer)).toBe('correct');
    expect(await outcomeOf(IDK)).toBe('abstained');
    expect(await outcomeOf('a9.99;')).toBe('wrong');
    expect(await outcomeOf(`${task.data.answer}${IDK}`)).toBe('wrong');
  });

  it('is the same world each time, and another with another seed', () => {
    expect(factQuestions(options).task('test', 7)).toEqual(questions.task('test', 7));
    const answers = (from: typeof questions) => all(400, (i) => from.task('train', i).data.answer).join();
    expect(answers(factQuestions({ ...options, seed: 4 }))).not.toBe(answers(questions));
  });
});
