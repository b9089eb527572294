/** What a file is, as clients see it. */
import { z } from '@hono/zod-openapi';

/** What files may be uploaded for. */
export const UPLOAD_PURPOSES = ['fine-tune', 'batch', 'assistants', 'vision', 'user_data', 'evals'] as const;

export const fileSchema = z
  .object({
    id: z.string(),
    object: z.literal('file'),
    bytes: z.int(),
    created_at: z.int(),
    filename: z.string(),
    purpose: z.enum([...UPLOAD_PURPOSES, 'fine-tune-results', 'batch_output', 'assistants_output']),
    status: z.enum(['uploaded', 'processed', 'error']),
    status_details: z.string().nullable(),
    expires_at: z.int().nullable(),
  })
  .openapi('File');

export type FileObject = z.infer<typeof fileSchema>;
