/** Code graders: what they may do, and every way out that was thought of. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GradingError } from '../openai/index.ts';
import { sandboxes } from './index.ts';

const { python, javascript, close } = sandboxes({ timeLimit: 20_000 });
const hurried = sandboxes({ timeLimit: 1500 });
const signal = new AbortController().signal;
const input = { sample: { output_text: 'abc', output_tools: [] }, item: { n: 3, nested: { list: [1, 2] } } };

/** Counts who comes. */
let server: Server;
let visits = 0;
let port = 0;
beforeAll(async () => {
  process.env.BURNISH_TEST_SECRET = 'secret';
  server = createServer((_, response) => {
    visits++;
    response.end('hello');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
  // Both interpreters take seconds to start.
  await Promise.all([
    python.grade('def grade(sample, item):\n    return 0', input, signal),
    javascript.grade('const grade = () => 0', input, signal),
  ]);
}, 120_000);
afterAll(async () => {
  await close();
  await hurried.close();
  server.close();
});

async function problemOf(work: Promise<number>): Promise<GradingError> {
  const error = await work.then(
    (value) => value,
    (reason: unknown) => reason,
  );
  if (error instanceof GradingError) return error;
  throw new Error(`expected a failure, found ${String(error)}`);
}

describe('JavaScript', () => {
  const grade = (source: string) => javascript.grade(source, input, signal);

  it('gets the sample and the item, nested values and all', async () => {
    expect(
      await grade(
        'function grade(sample, item) { return sample.output_text.length / item.n + item.nested.list[1] }',
      ),
    ).toBe(3);
    expect(await grade('const grade = () => true')).toBe(1);
  });

  it.each([
    ['throws', 'function grade() { throw new TypeError("bad") }', 'TypeError: bad'],
    ['is no program', 'function grade( {', 'SyntaxError'],
    ['has no grade', 'const x = 1', 'grade'],
    ['gives a text', 'const grade = () => "1"', 'expected a number'],
    ['gives no number', 'const grade = () => 0 / 0', 'NaN'],
    ['gives a promise', 'const grade = async () => 1', 'a promise'],
    [
      'fills its memory',
      'function grade() { const a = []; for (;;) a.push(new Array(100000).fill(1)) }',
      'out of memory',
    ],
    ['never returns from itself', 'function grade() { return grade() }', 'stack'],
  ])('that %s is told so', async (_, source, details) => {
    const { flags } = await problemOf(grade(source));
    expect(flags.python_grader_runtime_error).toBe(true);
    expect(flags.python_grader_runtime_error_details).toContain(details);
  });

  it('that never ends is ended, and the next one runs', async () => {
    const { flags } = await problemOf(
      hurried.javascript.grade('function grade() { for (;;); }', input, signal),
    );
    expect(flags.python_grader_runtime_error_details).toContain('longer than 1.5 seconds');
    expect(await hurried.javascript.grade('const grade = () => 1', input, signal)).toBe(1);
  });

  it.each([
    'typeof process',
    'typeof require',
    'typeof fetch',
    'typeof globalThis.constructor.constructor("return process")',
    'typeof (() => { try { return Function("return process")() } catch { return undefined } })()',
    'typeof WebAssembly',
    'typeof Deno',
    'typeof std',
    'typeof os',
  ])('knows no host: %s', async (expression) => {
    const { flags } = await problemOf(grade(`const grade = () => ${expression}`));
    expect(flags.python_grader_runtime_error_details).toMatch(/undefined|ReferenceError|"function"|object/);
  });

  it('cannot import', async () => {
    for (const source of [
      'import fs from "fs"; const grade = () => 1',
      'const grade = () => { import("fs"); return import("node:fs") }',
    ])
      expect((await problemOf(grade(source))).flags.python_grader_runtime_error).toBe(true);
  });

  it('leaves nothing behind for the next one', async () => {
    await grade('globalThis.left = 1; Array.prototype.map = () => [7]; const grade = () => 1');
    expect(await grade('const grade = () => typeof left === "undefined" && [1].map((x) => x)[0] === 1')).toBe(
      1,
    );
  });
});

describe('Python', () => {
  const grade = (source: string) => python.grade(source, input, signal);
  const body = (code: string) =>
    `def grade(sample, item):\n${code
      .split('\n')
      .map((line) => `    ${line}`)
      .join('\n')}`;

  it('gets the sample and the item, and the standard library', async () => {
    const source = `import re, math, json, statistics\n${body('return len(sample["output_text"]) / item["n"] + item["nested"]["list"][1]')}`;
    expect(await grade(source)).toBe(3);
  }, 60_000);

  // One source for all, so that one interpreter does for them.
  const mistakes = `
import sys
def raises(): return 1 / 0
def text(): return '1'
def nan(): return float('nan')
def exits(): sys.exit(3)
def memory():
    a = []
    while True: a.append(bytearray(50_000_000))
def stack(): return stack()
def grade(sample, item):
    return globals()[item['mistake']]()
`;

  it.each([
    ['raises', 'ZeroDivisionError'],
    ['text', "grade returned '1'"],
    ['nan', 'nan'],
    ['exits', 'SystemExit'],
    ['memory', 'MemoryError'],
    ['stack', 'RecursionError'],
  ])(
    'that goes wrong is told so: %s',
    async (mistake, details) => {
      const { flags } = await problemOf(
        python.grade(mistakes, { sample: input.sample, item: { mistake } }, signal),
      );
      expect(flags.python_grader_runtime_error).toBe(true);
      expect(flags.python_grader_runtime_error_details).toContain(details);
    },
    60_000,
  );

  it.each([
    ['def grade(', 'SyntaxError'],
    ['x = 1', 'defines no function grade'],
  ])(
    'that is no grader is told so: %s',
    async (source, details) => {
      const { flags } = await problemOf(grade(source));
      expect(flags.python_grader_runtime_error_details).toContain(details);
    },
    60_000,
  );

  it('that never ends is ended', async () => {
    const { flags } = await problemOf(hurried.python.grade(body('while True: pass'), input, signal));
    expect(flags.python_grader_runtime_error_details).toContain('longer than');
  }, 60_000);

  // One source for all: each is a function that scores above 0 if it gets out.
  const escapes = `
import sys

def host_modules(item):
    for name in ('js', 'pyodide', 'pyodide_js', 'pyodide.code', 'pyodide.ffi', 'pyodide.http', '_pyodide', 'ctypes', 'gc'):
        try:
            __import__(name)
            return 1
        except ImportError:
            pass
    return 0

def processes(item):
    import subprocess, os
    for attempt in (lambda: subprocess.run(['id']), lambda: os.fork(), lambda: os.execv('/bin/sh', ['sh'])):
        try:
            attempt()
            return 1
        except Exception:
            pass
    return 0

def files(item):
    for read in (lambda: open(item['secret']).read(), lambda: __import__('os').stat(item['secret'])):
        try:
            read()
            return 1
        except OSError:
            pass
    return 0

def environment(item):
    import os
    return int('BURNISH_TEST_SECRET' in os.environ)

def network(item):
    import socket, urllib.request
    try:
        urllib.request.urlopen(item['url'], timeout=2).read()
        return 1
    except BaseException:
        pass
    try:
        s = socket.create_connection(('127.0.0.1', item['port']), 2)
        s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n')
        return int(s.recv(1) != b'')
    except BaseException:
        return 0

def proxies():
    """Objects of the host, got back with all force."""
    for name in ('gc', 'js', 'pyodide', 'pyodide_js', '_pyodide', '_pyodide_core'):
        sys.modules.pop(name, None)
    import gc
    return [x for x in gc.get_objects() if 'JsProxy' in type(x).__name__ or 'pyodide.ffi' in str(type(x))]

def code_of_the_host(item):
    for proxy in proxies():
        for path in ('constructor.constructor', 'constructor'):
            try:
                target = proxy
                for part in path.split('.'):
                    target = getattr(target, part)
                target.new('return globalThis')()
                return 1
            except BaseException:
                pass
    try:
        import _pyodide_core
        _pyodide_core.run_js('1')
        return 1
    except BaseException:
        return 0

WANTED = ('process', 'require', 'fetch', 'readFileSync', 'spawn', 'createRequire', 'mainModule', 'XMLHttpRequest', 'binding', 'Socket')

def powers_of_the_host(item):
    seen, layer = set(), proxies()
    for depth in range(4):
        following = []
        for proxy in layer:
            try:
                names = dir(proxy)
            except BaseException:
                continue
            for name in names:
                if name in WANTED:
                    return 1
                if name.startswith('__') or len(following) > 3000:
                    continue
                try:
                    inner = getattr(proxy, name)
                except BaseException:
                    continue
                if 'JsProxy' in type(inner).__name__ and getattr(inner, 'js_id', id(inner)) not in seen:
                    seen.add(getattr(inner, 'js_id', id(inner)))
                    following.append(inner)
        layer = following
    return 0

def grade(sample, item):
    return globals()[item['escape']](item)
`;

  it.each([
    'host_modules',
    'processes',
    'files',
    'environment',
    'network',
    'code_of_the_host',
    'powers_of_the_host',
  ])(
    'does not reach %s',
    async (way) => {
      const item = {
        escape: way,
        port,
        url: `http://127.0.0.1:${port}/`,
        secret: fileURLToPath(import.meta.url),
      };
      expect(await python.grade(escapes, { sample: input.sample, item }, signal)).toBe(0);
      expect(visits).toBe(0);
    },
    60_000,
  );

  it('cannot change what another grader sees', async () => {
    const spoil =
      'import builtins, math\nbuiltins.len = lambda x: 99\nmath.sqrt = lambda x: 99\ndef grade(sample, item):\n    return 1';
    await grade(spoil).catch(() => undefined);
    expect(await grade('import math\ndef grade(sample, item):\n    return len("ab") + math.sqrt(4)')).toBe(4);
  }, 60_000);
});
