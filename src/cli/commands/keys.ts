/** `burnish keys`: who may use the server, and for what. */
import { resolve } from 'node:path';
import { type Key, openKeys, SCOPES, type Scope, scopeSchema } from '../../server/index.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { Terminal } from '../output/terminal.ts';

export interface KeysCommandOptions {
  data: string;
  name?: string;
  scopes?: string;
  json?: boolean;
  quiet?: boolean;
}

function scopesOf(text: string): Scope[] {
  return text.split(',').map((one) => {
    const parsed = scopeSchema.safeParse(one.trim());
    if (parsed.success) return parsed.data;
    throw new CliError(`--scopes: '${one.trim()}' is none of ${SCOPES.join(', ')}`);
  });
}

async function withKeys(
  { data }: KeysCommandOptions,
  work: (keys: Awaited<ReturnType<typeof openKeys>>['keys']) => Promise<ExitCode>,
): Promise<ExitCode> {
  const { keys, close } = await openKeys(resolve(data), process.env.DATABASE_URL);
  try {
    return await work(keys);
  } finally {
    await close();
  }
}

/** What may be told of a key. */
const shown = ({ hash: _, ...key }: Key) => key;

export function createKeyCommand(options: KeysCommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const scopes = scopesOf(options.scopes ?? 'read,train,infer');
  return withKeys(options, async (keys) => {
    const { key, secret } = await keys.create(options.name ?? 'unnamed', scopes);
    terminal.print(`${key.id} (${key.scopes.join(', ')}). It is shown this once:`);
    terminal.print(`  ${terminal.style.green(secret)}`);
    terminal.object({ ...shown(key), secret });
    return EXIT.ok;
  });
}

export function listKeysCommand(options: KeysCommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  return withKeys(options, async (keys) => {
    const all = await keys.list();
    if (all.length === 0) terminal.print('There are no keys yet: burnish keys create.');
    for (const { id, name, scopes, created_at, revoked_at } of all) {
      const day = new Date(1000 * created_at).toISOString().slice(0, 10);
      terminal.print(
        `${id}  ${day}  ${scopes.join(',')}  ${name}${revoked_at === null ? '' : '  (revoked)'}`,
      );
    }
    terminal.object(all.map(shown));
    return EXIT.ok;
  });
}

export function revokeKeyCommand(id: string, options: KeysCommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  return withKeys(options, async (keys) => {
    if (!(await keys.revoke(id)))
      throw new CliError(`there is no key ${id}: burnish keys list shows those there are`);
    terminal.print(`${id} is revoked.`);
    terminal.object({ id, revoked: true });
    return EXIT.ok;
  });
}
