/** Rollouts: prompts as ids, groups exactly as sampled, failed grades apart, draws named by seed and path. */
import { describe, expect, it } from 'vitest';
import { symbolTokenizer, type Tokenizer } from '../text/index.ts';
import { successor, successorTokenizer } from '../training/testing/successor.ts';
import { TabularEngine } from '../training/testing/tabular-engine.ts';
import type { Task } from '../types/index.ts';
import { promptText, type RolloutOptions, renderPrompt, rolloutGroups } from './index.ts';

const tokenizer = successorTokenizer();
const task = (prompt: Task['prompt']): Task => ({ id: 'a', prompt, data: null });
const tasks = [0, 1, 2].map((i) => successor().task('train', i));
const options = (more: Partial<RolloutOptions> = {}): RolloutOptions => ({
  engine: new TabularEngine({ tokenizer }),
  tokenizer,
  tasks,
  groupSize: 3,
  sampling: { maxTokens: 4 },
  grader: successor().grader,
  seed: 1,
  path: ['rollout', 7],
  ...more,
});

describe('renderPrompt', () => {
  it('encodes raw text, with the begin token where the tokenizer has one', () => {
    expect(renderPrompt(task('12='), tokenizer)).toEqual(tokenizer.encode('12='));
    const withBos = symbolTokenizer(['1', '='], { bos: true });
    expect(renderPrompt(task('1='), withBos)).toEqual([withBos.bosId, ...withBos.encode('1=')]);
  });

  it('renders messages with the chat template of the tokenizer, or a plain one', () => {
    const chat: Tokenizer = {
      ...tokenizer,
      chatTemplate:
        '{% for m in messages %}{{ m.content }}{% endfor %}{% if add_generation_prompt %}={% endif %}',
    };
    const messages = task([{ role: 'user', content: '42' }]);
    expect(renderPrompt(messages, chat)).toEqual(tokenizer.encode('42='));
    expect(promptText(messages, tokenizer)).toBe('<|user|>\n42<eos>\n<|assistant|>\n');
  });

  it('names the task whose prompt cannot be used', () => {
    expect(() => renderPrompt(task('x'), tokenizer)).toThrow(/^task a: its prompt cannot be encoded: .*"x"/);
    expect(() => renderPrompt(task(''), tokenizer)).toThrow(/^task a: its prompt has no tokens/);
  });
});

describe('rolloutGroups', () => {
  it('keeps tokens and log-probabilities as sampled, the mask on the completion', async () => {
    const engine = new TabularEngine({ tokenizer });
    const groups = await rolloutGroups(options({ engine }));
    expect(groups.map((group) => group.task)).toEqual(tasks);
    for (const { task, trajectories } of groups) {
      expect(trajectories).toHaveLength(3);
      const prompt = tokenizer.encode(String(task.prompt));
      const { logprobs } = await engine.forward(trajectories.map((one) => one.tokens));
      trajectories.forEach((one, i) => {
        expect(one.tokens.slice(0, one.promptLength)).toEqual(prompt);
        const completion = one.tokens.slice(one.promptLength);
        expect(one.completion).toBe(tokenizer.decode(completion));
        expect(Array.from(one.lossMask)).toEqual([...prompt.map(() => 0), ...completion.map(() => 1)]);
        expect(one.finishReason).toBe(completion.at(-1) === tokenizer.eosId ? 'stop' : 'length');
        for (let t = 0; t < one.tokens.length; t++)
          expect(one.logprobs[t]).toBe(t < one.promptLength ? 0 : logprobs[i][t]);
        expect(one.weightsVersion).toBe(0);
      });
    }
  });

  it('draws the same for the same seed, path and task, whatever else is in the batch', async () => {
    const texts = async (more: Partial<RolloutOptions>) =>
      (await rolloutGroups(options(more))).map((group) =>
        group.trajectories.map((one) => one.completion).join(),
      );
    const all = await texts({});
    expect(await texts({})).toEqual(all);
    expect(await texts({ tasks: [tasks[2]] })).toEqual([all[2]]);
    expect(await texts({ seed: 2 })).not.toEqual(all);
    expect(await texts({ path: ['rollout', 8] })).not.toEqual(all);
  });

  it('draws anew for a task that comes again', async () => {
    const [first, second] = await rolloutGroups(options({ tasks: [tasks[0], tasks[0]], groupSize: 8 }));
    const texts = (group: typeof first) => group.trajectories.map((one) => one.completion);
    expect(texts(first)).not.toEqual(texts(second));
  });

  it('gives a failed grade, never a zero, where the grader throws', async () => {
    let calls = 0;
    const grader = {
      name: 'moody',
      grade: () => {
        if (calls++ % 2 === 0) throw new Error('not today');
        return { status: 'graded', score: 0 } as const;
      },
    };
    const groups = await rolloutGroups(options({ grader, gradeOptions: { concurrency: 1 } }));
    const grades = groups.flatMap((group) => group.trajectories.map((one) => one.grade));
    expect(grades.filter((grade) => grade.status === 'failed')).toHaveLength(5);
    expect(grades[0]).toEqual({ status: 'failed', reason: 'not today' });
    expect(grades[1]).toEqual({ status: 'graded', score: 0 });
  });

  it('stops where it is told to, and tells how far it is', async () => {
    const controller = new AbortController();
    const heard: number[] = [];
    const onTokens = (tokens: number) => {
      heard.push(tokens);
      controller.abort(new Error('enough'));
    };
    await expect(rolloutGroups(options({ signal: controller.signal, onTokens }))).rejects.toThrow('enough');
    expect(heard).toHaveLength(1);
    await expect(rolloutGroups(options({ groupSize: 0 }))).rejects.toThrow(/groupSize is 0/);
  });
});
