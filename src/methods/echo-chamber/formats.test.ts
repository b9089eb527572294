/** The three formats: the same answer scores alike in all of them, and the corpus has them in the declared shares. */
import { describe, expect, it } from 'vitest';
import { readByFormat } from '../../graders/index.ts';
import { formatChains } from './chains.ts';
import {
  type Chain,
  chainGrader,
  FORMAT_NAMES,
  READING,
  resultOf,
  writeAnswer,
  writeChain,
} from './formats.ts';

const options = {
  steps: [2, 3] as const,
  repeats: { program: 1, tagged: 4, worked: 1 },
  slips: { program: 0.2, tagged: 0.6, worked: 0.2 },
  seed: 3,
  validationSize: 50,
  testSize: 50,
};
const corpus = formatChains(options);
const signal = new AbortController().signal;

async function scoreOf(index: number, completion: string) {
  const task = corpus.task('validation', index);
  const grade = await chainGrader.grade({ task, completion, tokens: [], finishReason: 'stop' }, signal);
  return grade.status === 'graded' ? grade.score : undefined;
}

const chainFrom = (prompt: string): Chain => {
  const [first, ...rest] = prompt.slice(0, -1).split(/(?=[-+*])/);
  return {
    first: Number(first),
    steps: rest.map(([operator, value]) => ({ operator: operator as '+', value: Number(value) })),
  };
};

describe('formats', () => {
  const chain = chainFrom('3+4*2=');

  it('write and read the same chain', () => {
    expect(writeChain(chain)).toBe('3+4*2');
    expect(resultOf(chain)).toBe(4);
    expect(writeAnswer(chain, 'program')).toBe('a=3;a+4;a*2');
    expect(writeAnswer(chain, 'tagged')).toBe('<((3+4)*2)>');
    expect(writeAnswer(chain, 'worked')).toBe('3+4=7;7*2=4');
    for (const format of FORMAT_NAMES)
      expect(readByFormat(writeAnswer(chain, format), READING)).toEqual({ format, answer: '4' });
  });

  it('are equally long with two operations', () => {
    expect(new Set(FORMAT_NAMES.map((format) => writeAnswer(chain, format).length)).size).toBe(1);
  });

  it.each([
    ['a=3;a+4;a*', undefined],
    ['a=3;a+4;b*2', undefined],
    ['<((3+4)*2>', undefined],
    ['<3+4*2>', '1'],
    ['<(1-(9))>', '2'],
    ['3+4=7', '7'],
    [')))', undefined],
  ])('%j is answered %s', (completion, answer) => {
    const read = readByFormat(completion, READING).answer;
    if (answer === undefined) expect(['0', '1', '2', '4', '7']).not.toContain(read);
    else expect(read).toBe(answer);
  });

  it('score alike, right and wrong, for every held-out chain', async () => {
    for (let index = 0; index < 50; index++) {
      const right = chainFrom(String(corpus.task('validation', index).prompt));
      const wrong = { ...right, steps: [...right.steps.slice(0, -1), { operator: '+' as const, value: 1 }] };
      for (const format of FORMAT_NAMES) {
        expect(await scoreOf(index, writeAnswer(right, format))).toBe(1);
        expect(await scoreOf(index, writeAnswer(wrong, format))).toBe(
          Number(resultOf(wrong) === resultOf(right)),
        );
      }
    }
  });
});

describe('the corpus', () => {
  it('has formats by their repeats, and slips at their rates', () => {
    const counts = { program: 0, tagged: 0, worked: 0 };
    const slipped = { program: 0, tagged: 0, worked: 0 };
    const n = 3000;
    for (let index = 0; index < n; index++) {
      const { prompt, completion, metadata } = corpus.task('train', index);
      const format = metadata?.format as 'program';
      counts[format]++;
      if (completion !== writeAnswer(chainFrom(String(prompt)), format)) slipped[format]++;
    }
    expect(Math.abs(counts.tagged / n - 4 / 6)).toBeLessThan(0.04);
    expect(Math.abs(counts.program / n - 1 / 6)).toBeLessThan(0.04);
    for (const format of FORMAT_NAMES)
      expect(Math.abs(slipped[format] / counts[format] - options.slips[format])).toBeLessThan(0.06);
  });
});
