// @ts-check
/** A process that runs Python in Pyodide: CPython in WebAssembly, without its ways to the host. */
import { constants } from 'node:fs';
import process from 'node:process';
import { loadPyodide } from 'pyodide';
import { limitMemory, lockDown } from './lock-down.mjs';
import { serveRequests } from './serve-requests.mjs';

/** Bytes of Python's whole memory. */
const MEMORY = 512 * 2 ** 20;

/** Run once, before any code of others: takes away the modules that reach JavaScript, and what finds them again. */
const HARNESS = `
import json, math, sys, traceback

def _seal():
    sys.meta_path[:] = [finder for finder in sys.meta_path if 'Js' not in type(finder).__name__]
    for name in list(sys.modules):
        root = name.split('.')[0]
        if root in ('js', 'pyodide', 'pyodide_js', '_pyodide', '_pyodide_core', 'gc', 'ctypes', '_ctypes'):
            sys.modules[name] = None
    for name in ('js', 'pyodide', 'pyodide_js', '_pyodide', '_pyodide_core', 'gc', 'ctypes', '_ctypes', 'webbrowser'):
        sys.modules[name] = None

_seal()
_graders = {}

def _run(source, text):
    if source not in _graders:
        scope = {'__name__': 'grader', '__builtins__': __builtins__}
        try:
            exec(compile(source, 'grader.py', 'exec'), scope)
        except BaseException as error:
            return json.dumps({'problem': traceback.format_exc(limit=-3)})
        _graders.clear()
        _graders[source] = scope
    given = json.loads(text)
    try:
        grade = _graders[source].get('grade')
        if not callable(grade):
            return json.dumps({'problem': 'the source defines no function grade(sample, item)'})
        result = grade(given['sample'], given['item'])
        if hasattr(result, 'item') and not isinstance(result, (int, float)):
            result = result.item()
        if not isinstance(result, (int, float)):
            return json.dumps({'problem': 'grade returned ' + repr(result)[:200] + ', expected a number'})
        if not math.isfinite(result):
            return json.dumps({'problem': 'grade returned ' + repr(result)})
        return json.dumps({'value': float(result)})
    except BaseException as error:
        return json.dumps({'problem': traceback.format_exc(limit=-3)})
`;

limitMemory(MEMORY);
// Pyodide asks for the numbers of file modes this way, which a process without rights refuses to answer.
Object.defineProperty(process, 'binding', { value: () => ({ fs: constants }), configurable: true });
const python = await loadPyodide({ jsglobals: Object.create(null), stdout: () => {}, stderr: () => {} });
python.runPython(HARNESS);
const run = python.globals.get('_run');
lockDown();

serveRequests((source, input) => {
  try {
    return JSON.parse(run(source, JSON.stringify(input)));
  } catch (error) {
    // The code has changed what the harness itself stands on.
    return { problem: error instanceof Error ? error.message : String(error) };
  }
});
