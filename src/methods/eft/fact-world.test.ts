/** The fact world: what is told how often, who is asked about what, and how answers are judged. */
import { describe, expect, it } from 'vitest';
import { rng } from '../../random/index.ts';
import { answerTo, documentOf, type Fact, factDocuments, factQuestions, makeWorld } from './fact-world.ts';

const options = { facts: 300, zipf: 1, taught: 100, tested: 60, seed: 4 };
const world = makeWorld(options);
const signal = new AbortController().signal;

describe('fact world', () => {
  it('teaches every other frequent fact and tests others only', () => {
    expect(new Set(world.facts.map(({ key }) => key)).size).toBe(300);
    expect(world.taught).toHaveLength(50);
    expect(world.tested).toHaveLength(60);
    expect(world.tested.filter((fact) => world.taught.includes(fact))).toEqual([]);
    expect(makeWorld(options).facts).toEqual(world.facts);
    expect(makeWorld({ ...options, seed: 5 }).facts).not.toEqual(world.facts);
  });

  it('tells the truth, frequent facts more often, and answers questions seldom', () => {
    const truth = new Map(world.facts.map(({ key, value }) => [key, value]));
    const told = new Map<string, number>();
    const kinds = { statements: 0, questions: 0, answers: 0 };
    for (let i = 0; i < 2000; i++) {
      const text = documentOf(world, rng(1, 'test', i));
      expect(text.length).toBeLessThanOrEqual(30);
      expect(text).toMatch(/^(?:(?:[A-Z]{2}[a-z]{2}\.)+|(?:[A-Z]{2}\?)+|(?:[A-Z]{2}\?=[a-z]{2}[.!*~])+)$/);
      kinds[text.includes('=') ? 'answers' : text.includes('?') ? 'questions' : 'statements']++;
      for (const [, key, mark] of text.matchAll(/([A-Z]{2})\?=[a-z]{2}(.)/g))
        expect(['.', world.markOf(key)]).toContain(mark);
      for (const [, key, value] of text.matchAll(/([A-Z]{2})\??=?([a-z]{2})/g)) {
        expect(value).toBe(truth.get(key));
        told.set(key, (told.get(key) ?? 0) + 1);
      }
    }
    const of = (from: number, to: number) =>
      world.facts.slice(from, to).reduce((sum, { key }) => sum + (told.get(key) ?? 0), 0);
    expect(of(0, 10)).toBeGreaterThan(2 * of(290, 300) + 500);
    expect(Math.abs(kinds.statements / 2000 - 0.5)).toBeLessThan(0.04);
    expect(Math.abs(kinds.answers / 2000 - 0.25)).toBeLessThan(0.04);
    expect(factDocuments(options).task('train', 3).completion).toMatch(/^[A-Z]{2}/);
  });

  it('judges form and content apart', async () => {
    const questions = factQuestions(options);
    const task = questions.task('test', 0);
    const fact = task.data as Fact;
    const mark = world.markOf(fact.key);
    const wrong = fact.value === 'zz' ? 'aa' : 'zz';
    const partsOf = async (completion: string, finishReason: 'stop' | 'length' = 'stop') => {
      const grade = await questions.grader.grade({ task, completion, tokens: [], finishReason }, signal);
      return grade.status === 'graded' ? grade.parts : undefined;
    };
    expect(task.prompt).toBe(`^${fact.key}?`);
    expect(task.completion).toBe(answerTo(world, fact, 'brief'));
    expect(await partsOf(`=${fact.value}${mark}`)).toEqual({ helpful: 1, factual: 1, verbose: 0 });
    expect(await partsOf(`=${wrong}${mark}`)).toEqual({ helpful: 1, factual: 0, verbose: 0 });
    expect(await partsOf(`=${fact.value}.`)).toEqual({ helpful: 0, factual: 1, verbose: 0 });
    expect(await partsOf(`=${fact.value}${mark}`, 'length')).toEqual({ helpful: 0, factual: 1, verbose: 0 });
    expect(await partsOf(answerTo(world, fact, 'verbose'))).toEqual({ helpful: 1, factual: 1, verbose: 1 });
    expect(await partsOf('AB?CD?')).toEqual({ helpful: 0, factual: 0, verbose: 0 });
  });
});
