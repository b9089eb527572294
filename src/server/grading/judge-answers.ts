/** What judges answered, kept beyond the process: a question that was answered once is not paid for again. */
import type { JudgeAnswer } from '../../graders/openai/index.ts';
import type { Database } from '../database/database.ts';
import { Records } from '../database/records.ts';

/** Answers that are kept; the oldest go first. */
const MOST_ANSWERS = 50_000;
/** Longer ones are not kept, in characters. */
const MOST_LENGTH = 20_000;
/** Answers added between two looks at how many there are. */
const BETWEEN_TRIMS = 100;

/** Keeps answers by the name of their question. A store that fails is as one that knows nothing. */
export class JudgeAnswers {
  private readonly records: Records<JudgeAnswer>;
  private readonly most: number;
  private added = 0;

  constructor(database: Database, most = MOST_ANSWERS) {
    this.records = new Records(database, 'judge answer');
    this.most = most;
  }

  async get(question: string): Promise<JudgeAnswer | undefined> {
    return await this.records.get(question).catch(() => undefined);
  }

  async add(question: string, answer: JudgeAnswer): Promise<void> {
    if ((answer.content ?? '').length > MOST_LENGTH) return;
    try {
      await this.records.add({ id: question, body: answer });
      if (this.added++ % BETWEEN_TRIMS === 0) await this.records.trim(this.most);
    } catch {
      // It is asked again the next time.
    }
  }
}
