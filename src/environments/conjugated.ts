/** The same tasks asked otherwise: prompts are transformed, and completions turned back before they are graded. */
import type { TextTransform } from '../text/index.ts';
import type { Environment, Message, Task } from '../types/index.ts';

type Change = (text: string) => string;

function changed(prompt: string | Message[], change: Change): string | Message[] {
  if (typeof prompt === 'string') return change(prompt);
  return prompt.map((message) => ({ ...message, content: change(message.content) }));
}

/**
 * An environment through a transformation s (Kotha et al. 2023, "Understanding Catastrophic Forgetting in Language Models
 * via Implicit Inference", conjugate prompting: s⁻¹(T(s(P)))). Tasks keep their ids, data and splits; prompts and worked
 * completions are transformed; the grader sees the original prompt and the completion turned back.
 */
export function conjugated<Data>(
  environment: Environment<Data>,
  { name, apply, invert }: TextTransform,
): Environment<Data> {
  const { grader } = environment;
  return {
    ...environment,
    name: `${environment.name} (${name})`,
    task(split, index) {
      const task = environment.task(split, index);
      const { completion } = task;
      const written: Task<Data> = { ...task, prompt: changed(task.prompt, apply) };
      return completion === undefined ? written : { ...written, completion: apply(completion) };
    },
    grader: {
      name: grader.name,
      grade(input, signal) {
        const task = { ...input.task, prompt: changed(input.task.prompt, invert) };
        return grader.grade({ ...input, task, completion: invert(input.completion) }, signal);
      },
    },
    symbols: [...new Set([...environment.symbols, ...environment.symbols.map(apply)])],
  };
}
