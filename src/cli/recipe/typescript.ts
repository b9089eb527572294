/** Loads recipes written in TypeScript or JavaScript, from any folder, with `import … from 'burnish'` inside. */
import Module, { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { CliError } from '../errors.ts';
import { packageRoot } from '../package.ts';

/**
 * Resolves 'burnish' to a bridge to this very process's library: a recipe then needs no installed copy, and shares
 * the library's state. Subpaths fall back on this package where the recipe's folder has none.
 */
const HOOKS = `
let data;
export function initialize(given) { data = given; }
export async function resolve(specifier, context, next) {
  if (specifier === 'burnish') return { url: data.bridge, format: 'module', shortCircuit: true };
  if (!specifier.startsWith('burnish/')) return next(specifier, context);
  try { return await next(specifier, context); }
  catch { return next(specifier, { ...context, parentURL: data.root }); }
}`;

const KEY = 'burnish.recipes';

/** Node's own loading function, which is not among its typed exports. */
interface Loader {
  _load(request: string, ...rest: unknown[]): unknown;
}

const asModule = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;

let prepared: Promise<void> | undefined;

async function prepare(): Promise<void> {
  const library: Record<string, unknown> = await import('../../index.ts');
  Object.defineProperty(globalThis, Symbol.for(KEY), { value: library });
  const lines = Object.keys(library).map((name) => `export const ${name} = library.${name};`);
  const bridge = asModule(`const library = globalThis[Symbol.for('${KEY}')];\n${lines.join('\n')}`);
  const root = pathToFileURL(`${packageRoot}package.json`).href;
  register(asModule(HOOKS), { parentURL: import.meta.url, data: { bridge, root } });
  // Folders without "type": "module" are CommonJS to Node, and import by require.
  const loader = Module as unknown as Loader;
  const load = loader._load;
  loader._load = function patched(request, ...rest) {
    return request === 'burnish' ? library : load.call(this, request, ...rest);
  };
}

/** What a recipe file exports. A CommonJS one has everything below `default`. */
export async function importRecipeModule(path: string): Promise<Record<string, unknown>> {
  prepared ??= prepare();
  await prepared;
  const { tsImport } = await import('tsx/esm/api');
  let loaded: Record<string, unknown>;
  try {
    loaded = await tsImport(pathToFileURL(path).href, { parentURL: import.meta.url, tsconfig: false });
  } catch (error) {
    const { message, stack = '' } = error instanceof Error ? error : new Error(String(error));
    const place = stack.split('\n').find((line) => line.includes(path) && line.trim().startsWith('at '));
    const at = place?.match(/:(\d+:\d+)\)?$/)?.[1];
    throw new CliError(`cannot load the recipe ${path}${at ? `:${at}` : ''}: ${message}`, { cause: error });
  }
  const inner = loaded.default;
  const isCommonJs = typeof inner === 'object' && inner !== null && '__esModule' in inner;
  return isCommonJs ? (inner as Record<string, unknown>) : loaded;
}
