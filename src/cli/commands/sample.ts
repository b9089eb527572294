/** `burnish sample`: prints completions of a prompt, or of held-out tasks with their scores. */
import { readFileSync } from 'node:fs';
import { gradeAll } from '../../graders/index.ts';
import { rng } from '../../random/index.ts';
import { renderPrompt } from '../../rollout/index.ts';
import { evaluationTasks } from '../../training/index.ts';
import type { Environment, Task } from '../../types/index.ts';
import { asUsage, CliError, EXIT, type ExitCode } from '../errors.ts';
import { Terminal } from '../output/terminal.ts';
import { makeEnvironment } from '../setup/environment.ts';
import { loadModel } from '../setup/model.ts';
import { ownParts } from '../setup/run-file.ts';
import { findTarget, type Target } from '../setup/target.ts';

export interface SamplingOptions {
  temperature?: number;
  topP?: number;
  topK?: number;
  minP?: number;
  maxTokens?: number;
  stop?: string[];
  seed?: number;
  runs?: string;
}

export interface SampleCommandOptions extends SamplingOptions {
  prompt?: string[];
  chat?: boolean;
  environment?: string;
  tasks?: number;
  n?: number;
  json?: boolean;
}

/** A prompt to complete, with the grader of its environment if it has one. */
interface Work {
  tasks: Task[];
  environment?: Environment;
}

export async function sampleCommand(what: string, options: SampleCommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const target = await findTarget(what, options.runs);
  const { tasks, environment } = await workOf(target, options);
  const { engine, tokenizer } = await loadModel(target.model, { decoding: { pack: true } });
  try {
    const { n = 1, seed = 0 } = options;
    const prompts = await asUsage(() => tasks.map((task) => renderPrompt(task, tokenizer)));
    const requests = tasks.map((_, i) => ({
      prompt: prompts[i],
      n,
      seed: rng(seed, 'sample', i).uint32(),
    }));
    const samples = await engine.sample(requests, samplingOf(target, options));
    const results = await Promise.all(
      tasks.map(async (task, i) => {
        const inputs = samples[i].map(({ text, tokens, finishReason }) => ({
          task,
          completion: text,
          tokens,
          finishReason,
        }));
        const grades = environment ? await gradeAll(environment.grader, inputs) : undefined;
        return inputs.map(({ completion, finishReason }, j) => {
          const grade = grades?.[j];
          const score = grade && (grade.status === 'graded' ? grade.score : null);
          return { prompt: task.prompt, completion, finishReason, ...(grade && { score }) };
        });
      }),
    );
    for (const one of results.flat()) {
      const { dim } = terminal.style;
      const prompt = typeof one.prompt === 'string' ? one.prompt : JSON.stringify(one.prompt);
      const notes = [
        ...(one.score === undefined ? [] : [`score ${one.score ?? 'not graded'}`]),
        ...(one.finishReason === 'length' ? ['cut at the token limit'] : []),
      ];
      terminal.print(
        `${dim(prompt)}${one.completion}${notes.length > 0 ? dim(`  (${notes.join(', ')})`) : ''}`,
      );
    }
    terminal.object({ model: target.model, samples: results.flat() });
    return EXIT.ok;
  } finally {
    engine.dispose();
  }
}

/** Sampling settings given here, else those of the run, else the plain ones. */
export function samplingOf({ run }: Target, options: SamplingOptions) {
  const { temperature, topP, topK, minP, maxTokens, stop } = options;
  const given = Object.entries({ temperature, topP, topK, minP, maxTokens, stop }).filter(
    ([, value]) => value !== undefined,
  );
  return { maxTokens: 64, temperature: 1, ...run?.recipe.sampling, ...Object.fromEntries(given) };
}

async function workOf(target: Target, options: SampleCommandOptions): Promise<Work> {
  const { prompt: prompts, environment: name, tasks: count = 5 } = options;
  if (prompts !== undefined) return { tasks: prompts.map((text, i) => promptTask(text, i, options)) };
  const settings = name === undefined ? target.run?.recipe.environment : { name };
  if (settings === undefined) {
    const text = process.stdin.isTTY ? '' : readFileSync(0, 'utf8').replace(/\n$/, '');
    if (text === '')
      throw new CliError(
        'no prompt given: expected --prompt <text>, --environment <name>, or text on standard input',
      );
    return { tasks: [promptTask(text, 0, options)] };
  }
  const own = name === undefined && target.run ? await ownParts(target.run.record.folder) : {};
  const { environment } = await makeEnvironment(settings, own);
  const split = environment.size('test') > 0 ? 'test' : 'validation';
  const indices = evaluationTasks(environment.size(split), count);
  return { tasks: indices.map((index) => environment.task(split, index)), environment };
}

function promptTask(text: string, index: number, { chat }: SampleCommandOptions): Task {
  const prompt: Task['prompt'] = chat ? [{ role: 'user', content: text }] : text;
  return { id: `prompt ${index + 1}`, prompt, data: null };
}
