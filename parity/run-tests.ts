/** Runs the parity tests with vitest and sums them up, row by row. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startVitest, type TestCase } from 'vitest/node';
import { type Bounded, nearer } from './bounded.ts';
import { CHECKS, type Check } from './checks.ts';
import type { ParityRow } from './table.ts';

/** Test files with this ending are parity tests also when `CHECKS` does not list them. */
const ENDING = '.parity.test.ts';

export interface ParityRun {
  rows: ParityRow[];
  /** What failed and why, one entry a test or file. */
  failures: string[];
}

/** Runs every check: the files of `CHECKS`, and whatever else ends in `.parity.test.ts`. */
export async function runParity(): Promise<ParityRun> {
  const root = fileURLToPath(new URL('..', import.meta.url));
  const vitest = await startVitest('test', [...new Set(CHECKS.map(({ file }) => file)), ENDING], {
    root,
    watch: false,
    reporters: [{}],
    setupFiles: [fileURLToPath(new URL('./record.ts', import.meta.url))],
  });
  try {
    const modules = vitest.state.getTestModules();
    const tests = modules.flatMap((module) => {
      const file = relative(root, module.moduleId);
      return [...module.children.allTests()].map((test) => ({ file, test }));
    });
    const listed = new Set(CHECKS.map(({ file }) => file));
    const others = tests.filter(({ file }) => !listed.has(file));
    const rows = [...CHECKS, ...checksOf(others)].map((check) =>
      summarise(
        check,
        tests.flatMap(({ file, test }) =>
          file === check.file && (check.tests?.test(test.fullName) ?? true) ? [test] : [],
        ),
      ),
    );
    const broken = modules.flatMap((module) => module.errors().map(({ message }) => message));
    return { rows, failures: [...broken, ...tests.flatMap(({ test }) => failureOf(test))] };
  } finally {
    await vitest.close();
  }
}

/** One check for each outermost suite or test of files that nobody listed: named `what, against which`. */
function checksOf(tests: readonly { file: string; test: TestCase }[]): Check[] {
  const checks = new Map<string, Check>();
  for (const { file, test } of tests) {
    const title = test.fullName.split(' > ')[0];
    const [name, against = 'itself'] = title.split(/,? against /);
    const tests = new RegExp(`^${title.replace(/[^\w ]/g, '\\$&')}( > |$)`);
    checks.set(`${file} ${title}`, { name, against, file, tests });
  }
  return [...checks.values()];
}

function summarise({ name, against, file }: Check, tests: readonly TestCase[]): ParityRow {
  const failed = tests.filter((test) => test.result().state !== 'passed').length;
  const largest = tests.reduce<Bounded | undefined>(
    (most, test) => nearer(most, test.meta().nearest),
    undefined,
  );
  return {
    check: name,
    against,
    file,
    cases: tests.length,
    failed,
    largest,
    pass: tests.length > 0 && failed === 0,
  };
}

function failureOf(test: TestCase): string[] {
  const { state, errors } = test.result();
  if (state === 'passed') return [];
  return [`${test.fullName}: ${errors?.map(({ message }) => message).join('; ') ?? state}`];
}
