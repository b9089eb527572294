/** What the command line says and returns when something goes wrong: one clear message, one exit code. */

/** Exit codes of every command. */
export const EXIT = {
  ok: 0,
  /** The work was begun and failed: a full disk, a folder that cannot be written, a bug. */
  failed: 1,
  /** Nothing was done: a wrong command line, recipe, data file or model folder. */
  usage: 2,
  /** Stopped by Ctrl-C (128 + SIGINT). */
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An error with the exit code it ends the program with. */
export class CliError extends Error {
  override name = 'CliError';
  readonly exitCode: ExitCode;

  constructor(message: string, options: { exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.exitCode = options.exitCode ?? EXIT.usage;
  }
}

/** Errors whose names say that what was given cannot be used. */
const USAGE_ERRORS = new Set(['RecipeError']);

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full; free some space and try again',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ENOTDIR: 'part of the path is a file, not a folder',
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder, not a file',
  EEXIST: 'a file of that name is in the way',
  EMFILE: 'too many files are open',
};

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'code' in error && typeof error.code === 'string';
}

/** Why a system call failed, in words where it is a common reason. */
export function reasonOf(error: unknown): string {
  if (isSystemError(error) && error.code !== undefined && error.code in REASONS)
    return `${REASONS[error.code]} (${error.code})`;
  return error instanceof Error ? error.message : String(error);
}

/** The message of an error for people: a bare system error is put into words, others speak for themselves. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (
    isSystemError(error) &&
    error.syscall !== undefined &&
    error.code !== undefined &&
    error.code in REASONS
  )
    return `cannot use ${error.path ?? 'a file'}: ${reasonOf(error)}`;
  return error.message === '' ? error.name : error.message;
}

/** The exit code of an error. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof Error && USAGE_ERRORS.has(error.name)) return EXIT.usage;
  return EXIT.failed;
}

/** Runs work whose failures are the caller's fault: any error without an exit code of its own becomes a usage error. */
export async function asUsage<Result>(work: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(messageOf(error), { cause: error });
  }
}
