/** Four skills on five digits with noisy worked answers: one to fine-tune, three to keep. */
import { generatedEnvironment } from '../../environments/generated.ts';
import { graded } from '../../graders/index.ts';
import type { Rng } from '../../random/index.ts';
import type { Environment, Split } from '../../types/index.ts';

/** M: the largest digit so far; R: last digit first; L: the first two digits moved to the end; D: each digit plus 1 modulo 10. */
export const SKILLS = ['M', 'R', 'L', 'D'] as const;
export type Skill = (typeof SKILLS)[number];

/** The mark that some worked answers begin with. */
export const STYLE = '~';

const LENGTH = 5;

export interface DigitSkillOptions {
  /** Skills among the tasks, equally often. */
  skills: readonly Skill[];
  /** Chance of each digit of a worked answer to be a random other one; later maxima go on from it. */
  noise: number;
  /** Chance that worked maxima begin with the mark. */
  styled: number;
  /** Number of training tasks; endless unless given. */
  trainingSize?: number;
  seed: number;
  heldOutSize: number;
}

export interface DigitSkillData {
  answer: string;
}

interface Problem {
  skill: Skill;
  digits: number[];
}

/** The answer, digit by digit; `say` makes of each what is written, and running ones go on from that. */
function work({ skill, digits }: Problem, say: (digit: number) => number): number[] {
  const written: number[] = [];
  digits.forEach((digit, i) => {
    const last = written[i - 1];
    const next = {
      M: i === 0 ? digit : Math.max(last, digit),
      R: digits[LENGTH - 1 - i],
      L: digits[(i + 2) % LENGTH],
      D: (digit + 1) % 10,
    }[skill];
    written.push(say(next));
  });
  return written;
}

const noisy = (random: Rng, noise: number) => (digit: number) =>
  random.uniform() < noise ? (digit + 1 + random.int(9)) % 10 : digit;

/**
 * Prompt `M37105=`, worked completion `37777` or, styled, `~37777`. The score is 1 where all five digits are right, whether or not
 * the mark comes first (part `styled`), else 0.
 */
export function digitSkills(options: DigitSkillOptions): Environment<DigitSkillData> {
  const { skills, noise, styled, trainingSize, seed, heldOutSize } = options;
  const environment = generatedEnvironment<Problem, DigitSkillData>({
    name: 'digit-skills',
    seed,
    validationSize: heldOutSize,
    testSize: heldOutSize,
    draw: (random) => ({
      skill: random.choice(skills),
      digits: Array.from({ length: LENGTH }, () => random.int(10)),
    }),
    keyOf: ({ skill, digits }) => `${skill}${digits.join('')}`,
    build(problem, random) {
      const { skill, digits } = problem;
      const mark = skill === 'M' && random.uniform() < styled ? STYLE : '';
      return {
        prompt: `${skill}${digits.join('')}=`,
        data: { answer: work(problem, (digit) => digit).join('') },
        completion: `${mark}${work(problem, noisy(random, noise)).join('')}`,
        metadata: { skill },
      };
    },
    grader: {
      name: 'digits',
      grade({ task, completion }) {
        const hasStyle = completion.startsWith(STYLE);
        const said = hasStyle ? completion.slice(STYLE.length) : completion;
        return graded(Number(said === task.data.answer), { styled: Number(hasStyle) });
      },
    },
    symbols: [...'0123456789=', STYLE, ...SKILLS],
  });
  if (trainingSize === undefined) return environment;
  const size = (split: Split) => (split === 'train' ? trainingSize : environment.size(split));
  return { ...environment, size };
}
