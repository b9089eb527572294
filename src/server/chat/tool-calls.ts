/** Tool calls in a model's text, as Qwen and Hermes models write them: `<tool_call>{"name": …, "arguments": …}</tool_call>`. */
import type { ToolCall } from '../dataset/messages.ts';

const OPEN = '<tool_call>';
const CLOSE = '</tool_call>';
const CALL = /<tool_call>\s*(\{.*?\})\s*<\/tool_call>/gs;

/** A function's name and its arguments as JSON text. */
export type FunctionCall = ToolCall['function'];

/** The call that a JSON text `{"name": …, "arguments": …}` holds; undefined where it is none. */
export function parsedCall(json: string): FunctionCall | undefined {
  try {
    const { name, arguments: given } = JSON.parse(json) as { name?: unknown; arguments?: unknown };
    if (typeof name !== 'string' || name === '') return undefined;
    return { name, arguments: typeof given === 'string' ? given : JSON.stringify(given ?? {}) };
  } catch {
    return undefined;
  }
}

/** The text without its calls, and the calls; what is no call stays text. */
export function toolCallsOf(text: string): { output_text: string; output_tools: ToolCall[] } {
  const calls: ToolCall[] = [];
  const rest = text.replace(CALL, (whole, json: string) => {
    const call = parsedCall(json);
    if (call === undefined) return whole;
    calls.push({ id: `call_${calls.length}`, type: 'function', function: call });
    return '';
  });
  return { output_text: calls.length > 0 ? rest.trim() : text, output_tools: calls };
}

/** Parts a text that arrives in pieces into what is said and what is called. */
export class ToolCallSplitter {
  private held = '';

  /** Takes a piece; the text that is decided, and the calls that are complete. `final`: nothing comes after it. */
  push(piece: string, final: boolean): { text: string; calls: FunctionCall[] } {
    this.held += piece;
    const calls: FunctionCall[] = [];
    let text = '';
    for (;;) {
      const start = this.held.indexOf(OPEN);
      const end = start < 0 ? -1 : this.held.indexOf(CLOSE, start);
      if (end < 0) {
        const decided = final
          ? this.held.length
          : start >= 0
            ? start
            : this.held.length - heldBack(this.held);
        text += this.held.slice(0, decided);
        this.held = this.held.slice(decided);
        return { text, calls };
      }
      const call = parsedCall(this.held.slice(start + OPEN.length, end));
      const after = end + CLOSE.length;
      if (call === undefined) text += this.held.slice(0, after);
      else {
        // Line breaks around calls belong to their notation.
        text += this.held.slice(0, start).replace(/\n+$/, '');
        calls.push(call);
      }
      this.held = this.held.slice(after).replace(call === undefined ? /^(?!)/ : /^\n+/, '');
    }
  }
}

/** Length of the longest end of the text that may become the opening of a call. */
function heldBack(text: string): number {
  for (let n = Math.min(OPEN.length - 1, text.length); n > 0; n--)
    if (OPEN.startsWith(text.slice(-n))) return n;
  return 0;
}
