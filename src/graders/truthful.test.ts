/** The three-way grader: order of its checks, scores, parts and outcomes. */
import { describe, expect, it } from 'vitest';
import { afterMarker, exactMatch, truthful, truthOutcome } from './index.ts';
import { gradeOf, scoreOf } from './testing.ts';

const idk = ['I don’t know', 'unknown'];
const plain = truthful<string>({ grader: exactMatch({ normalize: true }), abstain: idk });

const outcomeOf = async (completion: string, grader = plain) =>
  truthOutcome(await gradeOf(grader, completion, 'Paris'));

describe('truthful', () => {
  it('tells right, abstaining and wrong answers apart', async () => {
    expect(await outcomeOf('paris.')).toBe('correct');
    expect(await outcomeOf(' I don’t know! ')).toBe('abstained');
    expect(await outcomeOf('Unknown')).toBe('abstained');
    expect(await outcomeOf('Rome')).toBe('wrong');
    expect(await outcomeOf('')).toBe('wrong');
  });

  it('scores 1, the credit and 0, with truthfulness 1, 0 and -1', async () => {
    const grades = await Promise.all(
      ['Paris', 'unknown', 'Rome'].map((said) => gradeOf(plain, said, 'Paris')),
    );
    expect(grades.map((grade) => grade.status === 'graded' && grade.score)).toEqual([1, 0.5, 0]);
    expect(grades.map((grade) => grade.status === 'graded' && grade.parts?.truthfulness)).toEqual([1, 0, -1]);
    const careful = truthful<string>({ grader: exactMatch(), abstain: idk, credit: 0.9 });
    expect(await scoreOf(careful, 'unknown', 'Paris')).toBe(0.9);
  });

  it('takes a hedged answer for an abstention only where phrases may be anywhere', async () => {
    const hedged = 'Paris, but the capital is unknown';
    expect(await outcomeOf(hedged)).toBe('wrong');
    const loose = truthful<string>({ grader: exactMatch(), abstain: idk, match: 'contains' });
    expect(await outcomeOf(hedged, loose)).toBe('abstained');
  });

  it('counts an answer that is not there as wrong, and says so', async () => {
    const boxed = truthful<string>({
      grader: exactMatch({ extract: afterMarker('A:') }),
      abstain: idk,
      extract: afterMarker('A:'),
    });
    expect(await outcomeOf('well … A: Paris', boxed)).toBe('correct');
    expect(await outcomeOf('well … A: unknown', boxed)).toBe('abstained');
    expect(await gradeOf(boxed, 'Paris', 'Paris')).toMatchObject({
      score: 0,
      parts: { wrong: 1, unparsed: 1 },
    });
  });

  it('hands on failures, of judges that answer late too', async () => {
    const broken = truthful({
      grader: { name: 'judge', grade: () => Promise.reject(new Error('no judge')) },
      abstain: idk,
    });
    expect(await gradeOf(broken, 'Paris', 'Paris')).toEqual({ status: 'failed', reason: 'no judge' });
    expect(truthOutcome(await gradeOf(broken, 'Paris', 'Paris'))).toBeUndefined();
    expect(truthOutcome({ status: 'graded', score: 1 })).toBeUndefined();
  });

  it('refuses phrases that say nothing, and credits that are no scores', () => {
    expect(() => truthful({ grader: exactMatch(), abstain: [] })).toThrow('abstain is []');
    expect(() => truthful({ grader: exactMatch(), abstain: ['?!'] })).toThrow('["?!"]');
    expect(() => truthful({ grader: exactMatch(), abstain: idk, credit: 1.5 })).toThrow('credit is 1.5');
  });
});
