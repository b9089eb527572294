/** Errors as clients of OpenAI's API know them: an HTTP status and an object with message, type, param and code. */
import type { ContentfulStatusCode } from 'hono/utils/http-status';

export interface ErrorDetails {
  /** The member at fault, as a dotted path. */
  param?: string | null;
  /** A word for programs. */
  code?: string | null;
  type?: string;
  /** Headers of the answer, such as retry-after. */
  headers?: Readonly<Record<string, string>>;
}

/** What every answer that is not a success holds. */
export interface ErrorBody {
  error: { message: string; type: string; param: string | null; code: string | null };
}

/** An error to be told to the client as it is. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: ContentfulStatusCode;
  readonly details: ErrorDetails;

  constructor(status: ContentfulStatusCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.status = status;
    this.details = details;
  }

  get body(): ErrorBody {
    const {
      param = null,
      code = null,
      type = this.status >= 500 ? 'server_error' : 'invalid_request_error',
    } = this.details;
    return { error: { message: this.message, type, param, code } };
  }
}

/** 400: a member is wrong. */
export const invalid = (message: string, param: string | null = null, code: string | null = null) =>
  new ApiError(400, message, { param, code });

/** 404: nothing has this id. */
export const notFound = (kind: string, id: string, param: string | null = null) =>
  new ApiError(404, `No such ${kind}: '${id}'`, { param, code: `${kind.replaceAll(' ', '_')}_not_found` });

/** 400 and not 409: clients send a request that met a conflict again by themselves. */
export const wrongState = (message: string) => new ApiError(400, message, { code: 'invalid_job_state' });
