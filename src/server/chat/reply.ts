/** Makes a reply's message of its pieces: the same one whether it is streamed or not. */
import { newId } from '../ids.ts';
import type { RowPiece } from '../inference/inference-row.ts';
import type { FinishReason, ReplyMessage } from './chat-object.ts';
import type { OutputPlan } from './output-plan.ts';
import { parsedCall, ToolCallSplitter } from './tool-calls.ts';

/** A part of a tool call as streams tell it: its head once, then fragments of its arguments. */
export interface ToolCallDelta {
  index: number;
  id?: string;
  type?: 'function';
  function: { name?: string; arguments: string };
}

export interface ReplyDelta {
  content?: string;
  tool_calls?: ToolCallDelta[];
}

/** One choice on its way. */
export class Reply {
  private readonly plan: OutputPlan;
  private readonly splitter: ToolCallSplitter | undefined;
  private content = '';
  private said = false;
  private readonly calls: { id: string; type: 'function'; function: { name: string; arguments: string } }[] =
    [];

  constructor(plan: OutputPlan) {
    this.plan = plan;
    this.splitter = plan.kind === 'text' && plan.tools ? new ToolCallSplitter() : undefined;
  }

  /** Takes a piece; what a stream tells of it. */
  push({ text, finishReason }: RowPiece): ReplyDelta {
    const final = finishReason !== null;
    switch (this.plan.kind) {
      case 'arguments':
        return { tool_calls: this.extendCall(this.plan.name, text) };
      case 'call':
        this.content += text;
        return final ? this.wholeCall() : {};
      default: {
        if (this.splitter === undefined) return this.say(text);
        const { text: plain, calls } = this.splitter.push(text, final);
        const kept =
          this.plan.kind === 'text' && !this.plan.parallel ? calls.slice(0, 1 - this.calls.length) : calls;
        const deltas = kept.flatMap(({ name, arguments: given }) => this.extendCall(name, given, true));
        return { ...this.say(plain), ...(deltas.length > 0 ? { tool_calls: deltas } : {}) };
      }
    }
  }

  /** The reply as a message; whole once the last piece was taken. */
  get message(): ReplyMessage {
    const calls = this.calls.length > 0 ? { tool_calls: this.calls } : {};
    const content = this.calls.length > 0 && this.content === '' ? null : this.content;
    return { role: 'assistant', content, refusal: null, ...calls, annotations: [] };
  }

  /** Why it ended, in the words of chats. */
  finish(reason: 'stop' | 'length'): FinishReason {
    const chosen = this.plan.kind === 'text' || this.plan.kind === 'call';
    return reason === 'stop' && chosen && this.calls.length > 0 ? 'tool_calls' : reason;
  }

  private say(text: string): ReplyDelta {
    if (text === '' && this.said) return {};
    this.said = true;
    this.content += text;
    return text === '' ? {} : { content: text };
  }

  /** Adds to the last call, or begins one. */
  private extendCall(name: string, text: string, fresh = this.calls.length === 0): ToolCallDelta[] {
    if (fresh) {
      const id = newId('call_');
      this.calls.push({ id, type: 'function', function: { name, arguments: '' } });
    }
    const index = this.calls.length - 1;
    const call = this.calls[index];
    call.function.arguments += text;
    const head: ToolCallDelta = { index, id: call.id, type: 'function', function: { name, arguments: '' } };
    const rest: ToolCallDelta = { index, function: { arguments: text } };
    return [...(fresh ? [head] : []), ...(text === '' ? [] : [rest])];
  }

  /** The call that the whole text is; text where it was cut. */
  private wholeCall(): ReplyDelta {
    const text = this.content;
    const call = parsedCall(text);
    if (call === undefined) return { content: text };
    this.content = '';
    return { tool_calls: this.extendCall(call.name, call.arguments) };
  }
}
