/** Runs given code apart from everything else. */
import type { Sandbox } from '../openai/index.ts';

export function sandboxes(): { python?: Sandbox; javascript?: Sandbox; close(): Promise<void> } {
  return { close: async () => undefined };
}
