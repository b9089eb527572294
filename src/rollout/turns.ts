/** Several attempts at a task in one conversation, with feedback between them; token ids are kept as they were sampled. */
import type { Task, Trajectory } from '../types/index.ts';
import { type BranchOptions, sampleBranches } from './branches.ts';
import { feedbackTokens } from './feedback.ts';
import { renderPrompt } from './render-prompt.ts';

/** A conversation so far. */
export interface Conversation {
  task: Task;
  /**
   * Its attempts in order. Each is a trajectory of its own: the tokens that the model saw as prompt, then the attempt, which
   * alone is under the loss mask and graded.
   */
  turns: Trajectory[];
}

export interface FeedbackOptions {
  /** Said after an attempt; `{prompt}` in it stands for the task's text. See `feedbackTokens`. */
  feedback: string;
  /** Earlier attempts that the model sees, the newest ones; all unless given. */
  window?: number;
}

export interface TurnsOptions extends BranchOptions, FeedbackOptions {
  /** A task may come more than once. */
  tasks: readonly Task[];
  /** Conversations a task; 1 unless given. */
  conversations?: number;
  /** Most attempts of a conversation. */
  turns: number;
  /** Most tokens of an attempt. */
  maxTokens: number;
  /** True: the feedback is true, and a conversation ends with its first right attempt. False: it is said after every one. */
  untilRight: boolean;
  /** A score of at least this is right; 1 unless given. */
  passThreshold?: number;
}

/** Whether an attempt ended by itself and scored at least the threshold. */
export function isRight({ grade, finishReason }: Trajectory, passThreshold = 1): boolean {
  return finishReason === 'stop' && grade.status === 'graded' && grade.score >= passThreshold;
}

/**
 * Tokens that the next attempt continues: the prompt, then the newest attempts within the window with what was said after
 * each. Throws an Error that names the task when prompt or feedback cannot be encoded.
 */
export function nextState(
  { task, turns }: Conversation,
  { feedback, window = Number.POSITIVE_INFINITY }: FeedbackOptions,
  tokenizer: BranchOptions['tokenizer'],
): number[] {
  if (turns.length === 0) return renderPrompt(task, tokenizer);
  const first = turns[0];
  const seen = turns.slice(Math.max(0, turns.length - window)).map(({ tokens, promptLength }) => {
    const attempt = tokens.slice(promptLength);
    return [...attempt, ...feedbackTokens(task, feedback, attempt, tokenizer)];
  });
  return [...first.tokens.slice(0, first.promptLength), ...seen.flat()];
}

function check(what: string, value: number): void {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(`rolloutTurns: ${what} is ${value}, expected an integer of at least 1`);
}

/**
 * Conversations by task, sampled turn by turn, all of a turn in one call. A conversation also ends where an attempt could
 * not be graded, if feedback is to be true. Draws are named by path, task, occurrence, conversation and turn. Throws a RangeError on a
 * number below 1; rejects with the signal's reason when it is aborted.
 */
export async function rolloutTurns(options: TurnsOptions): Promise<Conversation[][]> {
  const { tasks, conversations = 1, turns, maxTokens, untilRight, passThreshold, tokenizer } = options;
  check('turns', turns);
  check('conversations', conversations);
  const seen = new Map<string, number>();
  const all = tasks.map((task) => {
    const occurrence = seen.get(task.id) ?? 0;
    seen.set(task.id, occurrence + 1);
    return Array.from({ length: conversations }, (_, member) => ({
      name: [task.id, occurrence, member],
      conversation: { task, turns: [] } as Conversation,
    }));
  });
  let open = all.flat();
  for (let turn = 0; turn < turns && open.length > 0; turn++) {
    const attempts = await sampleBranches(
      open.map(({ name, conversation }) => ({
        task: conversation.task,
        prompt: nextState(conversation, options, tokenizer),
        prefix: [],
        n: 1,
        maxTokens,
        name: [...name, turn],
      })),
      options,
    );
    open.forEach(({ conversation }, i) => {
      conversation.turns.push(attempts[i][0]);
    });
    if (untilRight)
      open = open.filter((_, i) => {
        const [attempt] = attempts[i];
        return attempt.grade.status === 'graded' && !isRight(attempt, passThreshold);
      });
  }
  return all.map((group) => group.map(({ conversation }) => conversation));
}
