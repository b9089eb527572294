/** `string_check`: 1 or 0 by comparing two texts as they are. */
import type { GraderOf } from './schema.ts';

/** Whether the operation holds: 1 or 0. Nothing is trimmed. */
export function stringCheck(
  operation: GraderOf<'string_check'>['operation'],
  input: string,
  reference: string,
): number {
  switch (operation) {
    case 'eq':
      return Number(input === reference);
    case 'ne':
    case 'neq':
      return Number(input !== reference);
    case 'like':
      return Number(input.includes(reference));
    case 'ilike':
      return Number(input.toLowerCase().includes(reference.toLowerCase()));
  }
}
