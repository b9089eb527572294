/** The two-task prompts: answers, noise, alphabets, and the transformations that keep their meaning. */
import { describe, expect, it } from 'vitest';
import { conjugated } from '../../environments/index.ts';
import { copyOrEvaluate, evidenceOf, largerOf, otherAlphabet, reversedExamples } from './copy-or-evaluate.ts';

const options = {
  evaluateShare: 0.5,
  noise: 0.2,
  examples: [1, 3] as const,
  copied: 'both' as const,
  secondAlphabet: 0,
  seed: 1,
  validationSize: 100,
  testSize: 200,
};
const plain = copyOrEvaluate(options);
const n = 200;
const tasks = Array.from({ length: n }, (_, i) => plain.task('test', i));

describe('copy or evaluate', () => {
  it('asks for what the task says, after examples that mostly say the same', () => {
    let [all, other] = [0, 0];
    for (const { prompt, data, completion } of tasks) {
      const parts = String(prompt).split(';');
      const query = parts[parts.length - 1].slice(0, -1);
      expect(completion).toBe(data.answer);
      expect(data.answer).toBe(data.task === 'copy' ? query : largerOf(query));
      expect(data.value).toBe(query.includes('|') ? largerOf(query) : undefined);
      let balance = 0;
      for (const part of parts.slice(0, -1)) {
        const [text, answer] = part.split(':');
        const evaluates = answer !== text;
        if (evaluates) expect(answer).toBe(largerOf(text));
        balance += evaluates ? 1 : -1;
        all++;
        if (evaluates !== (data.task === 'evaluate')) other++;
      }
      expect(data.balance).toBe(balance);
    }
    expect(Math.abs(other / all - 0.2)).toBeLessThan(0.06);
    const evaluating = tasks.filter(({ data }) => data.task === 'evaluate').length;
    expect(Math.abs(evaluating / n - 0.5)).toBeLessThan(0.12);
    expect(largerOf('7|8')).toBe('8');
    expect(largerOf('9|2')).toBe('9');
    expect(evidenceOf(0.2)).toBeCloseTo(Math.log(4), 12);
  });

  it('copies words where it is to, which have no value', () => {
    const words = copyOrEvaluate({ ...options, evaluateShare: 0, copied: 'words' });
    for (let i = 0; i < 50; i++) {
      const { data } = words.task('test', i);
      expect(data.answer).toMatch(/^\d{3}$/);
      expect(data.value).toBeUndefined();
    }
  });

  it('is written in the second alphabet as its conjugate is', () => {
    const second = copyOrEvaluate({ ...options, secondAlphabet: 1 });
    const through = conjugated(plain, otherAlphabet);
    for (let i = 0; i < n; i++) {
      const [ours, theirs] = [second.task('test', i), through.task('test', i)];
      expect(theirs.prompt).toBe(ours.prompt);
      expect(theirs.completion).toBe(ours.completion);
      expect(String(ours.prompt)).not.toMatch(/[\d|]/);
    }
  });

  it('keeps its meaning with the examples the other way round', () => {
    expect(reversedExamples.apply('1|2:2;4|4:4|4;5|5:')).toBe('4|4:4|4;1|2:2;5|5:');
    expect(reversedExamples.apply('5|5')).toBe('5|5');
    for (const { prompt } of tasks)
      expect(reversedExamples.invert(reversedExamples.apply(String(prompt)))).toBe(prompt);
  });
});
