/** `/v1/files`. */

import { rm } from 'node:fs/promises';
import { createRoute, z } from '@hono/zod-openapi';
import { invalid } from '../errors.ts';
import { type Api, answers, checked, deletedSchema } from '../http/api.ts';
import { listOf, listSchema, orderQuery, pageQuery } from '../http/pages.ts';
import { requires } from '../http/security.ts';
import { fileSchema, UPLOAD_PURPOSES } from './file.ts';
import type { Files } from './files.ts';
import { receiveUpload } from './upload.ts';

const HOUR = 3600;
const MONTH = 30 * 24 * HOUR;
const params = z.object({ file_id: z.string() });
const uploadFields = z.strictObject({
  purpose: z.enum(UPLOAD_PURPOSES),
  'expires_after[anchor]': z.literal('created_at').optional(),
  'expires_after[seconds]': z.coerce.number().int().min(HOUR).max(MONTH).optional(),
});
/** For the document only: uploads are read as they arrive. */
const uploadForm = z.object({
  file: z.any().openapi({ type: 'string', format: 'binary' }),
  purpose: z.enum(UPLOAD_PURPOSES),
  'expires_after[anchor]': z.literal('created_at').optional(),
  'expires_after[seconds]': z.int().min(HOUR).max(MONTH).optional(),
});

/** Uploads, lists, reads and removes files. `mostBytes`: of one file. */
export function fileRoutes(api: Api, files: Files, mostBytes: number): void {
  const upload = createRoute({
    method: 'post',
    path: '/files',
    middleware: [requires('train')] as const,
    responses: answers(fileSchema, 'The file'),
  });
  api.openAPIRegistry.registerPath({
    ...upload,
    path: '/v1/files',
    request: { body: { content: { 'multipart/form-data': { schema: uploadForm } }, required: true } },
  });
  api.on('POST', '/files', requires('train'), async (c) => {
    const scratch = files.scratch();
    const { filename, fields } = await receiveUpload(c.req.raw, scratch, mostBytes);
    try {
      const { purpose, 'expires_after[seconds]': expiresAfter } = checked(uploadFields, fields);
      if (purpose === 'fine-tune' && !filename.toLowerCase().endsWith('.jsonl'))
        throw invalid(
          `Invalid file '${filename}': files to fine-tune on end in .jsonl.`,
          'file',
          'invalid_file_format',
        );
      return c.json(await files.adopt(scratch, { filename, purpose, expiresAfter }));
    } catch (error) {
      await rm(scratch, { force: true });
      throw error;
    }
  });
  api.openapi(
    createRoute({
      method: 'get',
      path: '/files',
      middleware: [requires('read')] as const,
      request: {
        query: pageQuery(10_000, 10_000).extend({ purpose: z.string().optional(), order: orderQuery }),
      },
      responses: answers(listSchema(fileSchema), 'A page of files'),
    }),
    async (c) =>
      c.json(
        listOf(await files.list(c.req.valid('query')), (file) => file),
        200,
      ),
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/files/{file_id}',
      middleware: [requires('read')] as const,
      request: { params },
      responses: answers(fileSchema, 'The file'),
    }),
    async (c) => c.json(await files.get(c.req.valid('param').file_id), 200),
  );
  api.openapi(
    createRoute({
      method: 'delete',
      path: '/files/{file_id}',
      middleware: [requires('train')] as const,
      request: { params },
      responses: answers(deletedSchema('file'), 'The file is gone'),
    }),
    async (c) => {
      const { file_id: id } = c.req.valid('param');
      await files.remove(id);
      return c.json({ id, object: 'file' as const, deleted: true }, 200);
    },
  );
  api.openapi(
    createRoute({
      method: 'get',
      path: '/files/{file_id}/content',
      middleware: [requires('read')] as const,
      request: { params },
      responses: {
        200: { content: { 'application/octet-stream': { schema: z.any() } }, description: 'The bytes' },
      },
    }),
    async (c) => {
      const { file, body } = await files.content(c.req.valid('param').file_id);
      return c.body(body, 200, {
        'content-type': 'application/octet-stream',
        'content-length': String(file.bytes),
      });
    },
  );
}
