/** Lists as the API gives them: cursor pages whose `after` is the id of the last item seen. */
import { z } from '@hono/zod-openapi';
import type { Page } from '../database/records.ts';

/** `limit`, `after` and `order` of a list, with the list's own default and largest limit. */
export function pageQuery(standard: number, most: number) {
  return z.object({
    after: z.string().optional(),
    limit: z.coerce.number().int().min(1).max(most).default(standard),
  });
}

export const orderQuery = z.enum(['asc', 'desc']).default('desc');

/** The schema of a list of items. */
export function listSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    object: z.literal('list'),
    data: z.array(item),
    first_id: z.string().nullable(),
    last_id: z.string().nullable(),
    has_more: z.boolean(),
  });
}

/** A page as a list; `show` makes the item that clients see. */
export function listOf<Body, Item extends { id: string }>(page: Page<Body>, show: (body: Body) => Item) {
  const data = page.data.map(show);
  return {
    object: 'list' as const,
    data,
    first_id: data[0]?.id ?? null,
    last_id: data[data.length - 1]?.id ?? null,
    has_more: page.hasMore,
  };
}
