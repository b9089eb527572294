/** Reads a multipart upload as it arrives: the file goes to the disk, never whole into memory. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy } from '@fastify/busboy';
import { ApiError, invalid } from '../errors.ts';

const TEXT_FIELDS = 20;
const FIELD_BYTES = 4096;

export interface Upload {
  filename: string;
  fields: Record<string, string>;
}

/**
 * Writes the part named `file` to `path`, and gives the other fields. Throws an ApiError, and leaves nothing at `path`,
 * when the body is no whole multipart form, has no file, or has one of more than `mostBytes`.
 */
export async function receiveUpload(request: Request, path: string, mostBytes: number): Promise<Upload> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^multipart\/form-data;/i.test(type) || request.body === null)
    throw invalid("Expected a body of type multipart/form-data with a part named 'file'.", 'file');
  let parser: ReturnType<typeof Busboy>;
  try {
    parser = new Busboy({
      headers: { 'content-type': type },
      limits: { files: 1, fields: TEXT_FIELDS, fieldSize: FIELD_BYTES, parts: TEXT_FIELDS + 1 },
    });
  } catch (error) {
    throw invalid(`The multipart body cannot be read: ${(error as Error).message}.`);
  }
  const fields: Record<string, string> = {};
  let filename: string | undefined;
  let written: Promise<void> = Promise.resolve();
  parser.on('field', (name, value) => {
    fields[name] = value;
  });
  parser.on('file', (name, stream, given) => {
    if (name !== 'file') {
      stream.resume();
      return;
    }
    filename = given ?? '';
    written = pipeline(stream, atMost(mostBytes), createWriteStream(path));
    // Its failure is met below; without a listener here it could end the process first.
    written.catch((error: unknown) => parser.destroy(error as Error));
  });
  try {
    await pipeline(Readable.fromWeb(request.body as never), parser);
    await written;
  } catch (error) {
    await written.catch(() => undefined);
    await rm(path, { force: true });
    if (error instanceof ApiError) throw error;
    throw invalid(`The multipart body cannot be read: ${(error as Error).message}.`);
  }
  if (filename === undefined)
    throw invalid("Missing required parameter: 'file'.", 'file', 'missing_required_parameter');
  return { filename, fields };
}

function atMost(bytes: number): Transform {
  let seen = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      if (seen <= bytes) done(null, chunk);
      else
        done(
          new ApiError(413, `The file is larger than ${bytes} bytes.`, {
            param: 'file',
            code: 'file_too_large',
          }),
        );
    },
  });
}
