/** Tells three outcomes apart: a right answer, an admission of not knowing, and a wrong answer. */
import type { Grade, Grader } from '../types/index.ts';
import { normalizeAnswer } from './exact-match.ts';
import { type Extract, wholeCompletion } from './extract.ts';
import { asScore, graded, safeGrade } from './grades.ts';

/** What an attempt at a question came to. */
export type TruthOutcome = 'correct' | 'abstained' | 'wrong';

export interface TruthfulOptions<Data> {
  /** Says whether an answer is right. */
  grader: Grader<Data>;
  /** Phrases that say "I do not know"; compared as `normalizeAnswer` leaves them (case, punctuation and articles apart). */
  abstain: readonly string[];
  /** The phrase is the `whole` answer (default), or is anywhere in it: then "Paris, but I do not know" abstains too. */
  match?: 'whole' | 'contains';
  /** Takes the answer out of the completion; where there is none the attempt is wrong. Default: the whole of it. */
  extract?: Extract;
  /** Score of an abstention: the chance of being right below which not answering pays. 0.5 unless given. */
  credit?: number;
  /** Scores of `grader` of at least this are right; 1 unless given. */
  passThreshold?: number;
}

/** The grade of an outcome; parts say which it is, and `truthfulness` is 1, 0 or -1: right, abstained or wrong. */
function gradeOf(outcome: TruthOutcome, credit: number, unparsed = false): Grade {
  const score = { correct: 1, abstained: credit, wrong: 0 }[outcome];
  return graded(score, {
    correct: asScore(outcome === 'correct'),
    abstained: asScore(outcome === 'abstained'),
    wrong: asScore(outcome === 'wrong'),
    unparsed: asScore(unparsed),
    truthfulness: asScore(outcome === 'correct') - asScore(outcome === 'wrong'),
  });
}

/**
 * Wei et al. 2025, "TruthRL: Incentivizing Truthful LLMs via Reinforcement Learning": answer missing → wrong; else phrase of
 * abstention → abstained; else as `grader` says. Score 1, `credit` or 0: with `credit` 0.5 it is (1 + r) / 2 of the paper's
 * ternary reward r in {1, 0, -1}, and its mean is (1 + truthfulness) / 2. A right answer with chance p scores p on average,
 * so abstaining pays below p = `credit`. Parts: `correct`, `abstained`, `wrong`, `unparsed` (0 or 1; unparsed ones are also
 * wrong) and `truthfulness`. Throws an Error without phrases and a RangeError for a credit outside [0, 1).
 */
export function truthful<Data = unknown>(options: TruthfulOptions<Data>): Grader<Data> {
  const { grader, match = 'whole', extract = wholeCompletion, credit = 0.5, passThreshold = 1 } = options;
  const phrases = options.abstain.map(normalizeAnswer);
  if (phrases.length === 0 || phrases.includes(''))
    throw new Error(
      `truthful: abstain is ${JSON.stringify(options.abstain)}, expected at least one phrase, none without letters or digits`,
    );
  if (!(credit >= 0 && credit < 1))
    throw new RangeError(`truthful: credit is ${credit}, expected a number from 0 below 1`);
  const isAbstention = (answer: string) => {
    const said = normalizeAnswer(answer);
    return phrases.some((phrase) => (match === 'whole' ? said === phrase : said.includes(phrase)));
  };
  const judged = (grade: Grade): Grade =>
    grade.status === 'failed' ? grade : gradeOf(grade.score >= passThreshold ? 'correct' : 'wrong', credit);
  return {
    name: 'truthful',
    grade(input, signal) {
      const answer = extract(input.completion);
      if (answer === undefined) return gradeOf('wrong', credit, true);
      if (isAbstention(answer)) return gradeOf('abstained', credit);
      const grade = safeGrade(grader, input, signal);
      return grade instanceof Promise ? grade.then(judged) : judged(grade);
    },
  };
}

/** The outcome that a `truthful` grader found; undefined where grading failed or the grade says nothing of it. */
export function truthOutcome(grade: Grade): TruthOutcome | undefined {
  if (grade.status === 'failed' || grade.parts === undefined) return undefined;
  const { correct, abstained, wrong } = grade.parts;
  if (abstained === 1) return 'abstained';
  if (correct === 1) return 'correct';
  return wrong === 1 ? 'wrong' : undefined;
}
