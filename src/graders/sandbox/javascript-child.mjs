// @ts-check
/** A process that runs JavaScript in QuickJS: an interpreter of its own, in WebAssembly, that knows no host. */
import { getQuickJS } from 'quickjs-emscripten';
import { limitMemory, lockDown } from './lock-down.mjs';
import { serveRequests } from './serve-requests.mjs';

/** Bytes that one run may take. */
const MEMORY = 128 * 2 ** 20;
const STACK = 512 * 2 ** 10;
/** Milliseconds. The process is killed a little later, should this not be heard. */
const TIME_LIMIT = 110_000;

limitMemory(4 * MEMORY);
const engine = await getQuickJS();
lockDown();

serveRequests((source, input) => {
  const runtime = engine.newRuntime();
  const deadline = Date.now() + TIME_LIMIT;
  runtime.setMemoryLimit(MEMORY);
  runtime.setMaxStackSize(STACK);
  runtime.setInterruptHandler(() => Date.now() > deadline);
  const context = runtime.newContext();
  const problem = (/** @type {any} */ error) =>
    new Error([error?.name, error?.message].filter(Boolean).join(': ') || JSON.stringify(error));
  /** @param {string} code @param {string} name */
  const run = (code, name) => {
    const result = context.evalCode(code, name);
    if (result.error) {
      const error = context.dump(result.error);
      result.error.dispose();
      throw problem(error);
    }
    const value = context.dump(result.value);
    result.value.dispose();
    return value;
  };
  let outcome;
  try {
    run(source, 'grader.js');
    const { sample, item } = input;
    const text = JSON.stringify(JSON.stringify({ sample, item }));
    const value = run(
      `(() => { const { sample, item } = JSON.parse(${text}); const result = grade(sample, item);
        if (typeof result === 'number') return Number.isFinite(result) ? result : String(result);
        if (typeof result === 'boolean') return result;
        return result instanceof Promise ? 'a promise' : String(JSON.stringify(result)); })()`,
      'call.js',
    );
    outcome = { value };
  } catch (error) {
    outcome = { problem: error instanceof Error ? error.message : String(error) };
  }
  let spoiled = false;
  try {
    context.dispose();
    runtime.dispose();
  } catch {
    // Some errors (a stack that overflows) leave the interpreter in a state that it does not clean up from.
    spoiled = true;
  }
  return { ...outcome, spoiled };
});
