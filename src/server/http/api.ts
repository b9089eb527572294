/** What every route is built on: validation that answers with the API's errors, and the facts of a request. */
import type { HttpBindings } from '@hono/node-server';
import { OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { ApiError, invalid } from '../errors.ts';
import type { Key } from '../keys/keys.ts';

/** What the platform gives and middleware leaves for handlers. */
export interface ServerEnv {
  Bindings: HttpBindings;
  Variables: {
    requestId: string;
    /** The key that the request showed. */
    key: Key;
  };
}

export type Api = OpenAPIHono<ServerEnv>;
export type ApiContext = Context<ServerEnv>;

type Issue = z.core.$ZodIssue;

/** The issue to tell of: in a union, that of the branch that got furthest. */
function deepest(issue: Issue, at: readonly PropertyKey[] = []): { issue: Issue; path: PropertyKey[] } {
  const path = [...at, ...issue.path];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return { issue, path };
  const inner = issue.errors
    .filter((branch) => branch.length > 0)
    .map((branch) => deepest(branch[0], path))
    .sort((a, b) => b.path.length - a.path.length);
  // Branches that fail at once say nothing but what they are not.
  return inner.length > 0 && inner[0].path.length > path.length ? inner[0] : { issue, path };
}

/** A dotted path, such as `messages[0].role`. */
export function paramOf(path: readonly PropertyKey[]): string | null {
  let text = '';
  for (const part of path)
    text += typeof part === 'number' ? `[${part}]` : `${text === '' ? '' : '.'}${String(part)}`;
  return text === '' ? null : text;
}

/** The first thing that is wrong with a request, as an error with its `param`. */
export function validationError(issues: readonly Issue[]): ApiError {
  const { issue, path } = deepest(issues[0]);
  if (issue.code === 'unrecognized_keys') {
    const param = paramOf([...path, issue.keys[0]]);
    return invalid(`Unknown parameter: '${param}'.`, param, 'unknown_parameter');
  }
  const param = paramOf(path);
  const missing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  if (missing) return invalid(`Missing required parameter: '${param}'.`, param, 'missing_required_parameter');
  return invalid(`Invalid value for '${param ?? 'body'}': ${issue.message}.`, param, 'invalid_value');
}

/** Checks a value that is not a request's body by itself; `at` is where it lies in the request. */
export function checked<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at: readonly PropertyKey[] = [],
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw validationError(parsed.error.issues.map((issue) => ({ ...issue, path: [...at, ...issue.path] })));
}

/** An empty API whose validation answers as OpenAI's. */
export function newApi(): Api {
  return new OpenAPIHono<ServerEnv>({
    defaultHook: (result) => {
      if (!result.success) throw validationError(result.error.issues);
    },
  });
}

/** The error to answer with, whatever was thrown; undefined where it is the server's own fault. */
export function asApiError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof HTTPException && error.status < 500) return new ApiError(error.status, error.message);
  return undefined;
}

const errorSchema = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});

/** Answers of a route: its success, and the error that any route may give. */
export function answers<Schema extends z.ZodType>(schema: Schema, description: string) {
  return {
    200: { content: { 'application/json': { schema } }, description },
    default: { content: { 'application/json': { schema: errorSchema } }, description: 'An error' },
  } as const;
}

/** The schema of what says that something was removed. */
export function deletedSchema<Name extends string>(object: Name) {
  return z.object({ id: z.string(), object: z.literal(object), deleted: z.boolean() });
}

/** A JSON body that must be there. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { content: { 'application/json': { schema } }, required: true } as const;
}
