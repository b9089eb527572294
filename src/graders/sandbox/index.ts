/** Runs given Python and JavaScript apart from everything else: own processes, no files, no network, limits. */
import { fileURLToPath } from 'node:url';
import { GradingError, type GradingInput, type Sandbox } from '../openai/index.ts';
import { LimitError, SandboxProcess } from './sandbox-process.ts';

export { LimitError, SandboxError, SandboxProcess } from './sandbox-process.ts';

export interface SandboxOptions {
  /** Of one run, in milliseconds. */
  timeLimit?: number;
}

/** Two minutes, as at OpenAI. */
const TIME_LIMIT = 120_000;
/** Python graders that are kept warm, each in a process of its own so that none can change another. */
const MOST_PYTHONS = 4;

const scriptAt = (name: string) => fileURLToPath(new URL(name, import.meta.url));

/** Runs code in a process, and says in the API's flags what went wrong. */
async function graded(
  process: SandboxProcess,
  source: string,
  input: GradingInput,
  signal: AbortSignal,
): Promise<number> {
  let outcome: Awaited<ReturnType<SandboxProcess['run']>>;
  try {
    outcome = await process.run(source, input, signal);
  } catch (error) {
    signal.throwIfAborted();
    const { name, message } = error as Error;
    if (error instanceof LimitError) throw codeFailed(message);
    throw new GradingError(
      `the sandbox failed: ${message}`,
      { python_grader_server_error: true, python_grader_server_error_type: name },
      { cause: error },
    );
  }
  if ('problem' in outcome) throw codeFailed(outcome.problem);
  const { value } = outcome;
  const reward = typeof value === 'boolean' ? Number(value) : value;
  if (typeof reward !== 'number') throw codeFailed(`grade returned ${String(value)}, expected a number`);
  return reward;
}

const codeFailed = (details: string) =>
  new GradingError(details, {
    python_grader_runtime_error: true,
    python_grader_runtime_error_details: details,
  });

/** Sandboxes of both languages; their processes start when they are first needed. */
export function sandboxes({ timeLimit = TIME_LIMIT }: SandboxOptions = {}): {
  python: Sandbox;
  javascript: Sandbox;
  close(): Promise<void>;
} {
  const javascript = new SandboxProcess(scriptAt('./javascript-child.mjs'), timeLimit);
  /** By source, least recently used first. */
  const pythons = new Map<string, SandboxProcess>();
  const pythonOf = (source: string) => {
    const process = pythons.get(source) ?? new SandboxProcess(scriptAt('./python-child.mjs'), timeLimit);
    pythons.delete(source);
    pythons.set(source, process);
    if (pythons.size > MOST_PYTHONS) {
      const [oldest] = pythons.keys();
      pythons.get(oldest)?.close();
      pythons.delete(oldest);
    }
    return process;
  };
  return {
    python: { grade: (source, input, signal) => graded(pythonOf(source), source, input, signal) },
    javascript: { grade: (source, input, signal) => graded(javascript, source, input, signal) },
    async close() {
      javascript.close();
      for (const process of pythons.values()) process.close();
    },
  };
}
