/** Loads the grammar library, whose package says that it is a module while its file is a script. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

type Library = typeof import('@mlc-ai/web-xgrammar');

let loaded: Library | undefined;

/** The library; read when first asked for. */
export function xgrammar(): Library {
  if (loaded !== undefined) return loaded;
  const file = createRequire(import.meta.url).resolve('@mlc-ai/web-xgrammar');
  // Where the file asks for a module by `import`, it gets it by `require`: functions made of text cannot import everywhere.
  const text = readFileSync(file, 'utf8').replace("await import('module')", "require('module')");
  const script = new Function('exports', 'module', 'require', '__filename', text);
  const module = { exports: {} };
  script.call(globalThis, module.exports, module, createRequire(file), file);
  loaded = module.exports as Library;
  return loaded;
}
