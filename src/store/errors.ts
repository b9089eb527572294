/** One clear error for whatever goes wrong with the store: where, what, why, and what to do. */

/** An error of the run store; the message holds the path and the cause. */
export class StoreError extends Error {
  override name = 'StoreError';
  /** Path of the database file. */
  readonly path: string;
  /** SQLite's or the system's code where there is one, such as 'SQLITE_FULL'. */
  readonly code: string | undefined;

  constructor(message: string, path: string, options: { code?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.path = path;
    this.code = options.code;
  }
}

const EXPLANATIONS: Record<string, string> = {
  SQLITE_FULL: 'the disk is full; free some space and try again',
  ENOSPC: 'the disk is full; free some space and try again',
  SQLITE_READONLY: 'the file or its folder is read-only',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'part of the path is a file, not a folder',
  ENOENT: 'there is no such file or folder',
  SQLITE_CANTOPEN: 'the file cannot be opened or made; check that its folder exists and can be written',
  SQLITE_NOTADB: 'it is not a database; choose another path or move the file away',
  SQLITE_CORRUPT: 'the database is damaged; move it away or restore it from a copy',
  SQLITE_BUSY: 'another process is writing to it and did not finish in time',
  SQLITE_LOCKED: 'another process is writing to it and did not finish in time',
  SQLITE_IOERR: 'the disk reported an input or output error',
};

function textOf(value: unknown): string {
  return value instanceof Error ? value.message : String(value);
}

function codeOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  // The driver's own failure to open a file carries SQLite's result code only in its text.
  if (/Unable to open connection.*: 14\b/.test(error.message)) return 'SQLITE_CANTOPEN';
  return undefined;
}

/** The first error of the chain of causes that carries a code, else the last one. */
function rootOf(error: unknown): unknown {
  let current = error;
  while (codeOf(current) === undefined && current instanceof Error && current.cause !== undefined)
    current = current.cause;
  return current;
}

/** Wraps `error`, met while doing `action` ("write to"), as a StoreError; one that is already is returned as it is. */
export function storeError(action: string, path: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const root = rootOf(error);
  const code = codeOf(root);
  const known = code === undefined ? undefined : EXPLANATIONS[code];
  const reason = known === undefined ? textOf(root) : `${known} (${code})`;
  return new StoreError(`cannot ${action} the run store ${path}: ${reason}`, path, { code, cause: error });
}
