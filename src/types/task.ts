/** What a model is asked to do. */

/** One message of a conversation. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'tool';
  content: string;
  /** Tools that an assistant's turn called, as chat templates read them. */
  tool_calls?: readonly unknown[];
  /** The call that a tool's message answers. */
  tool_call_id?: string;
}

/** One problem: a prompt, the data its grader needs, and a worked answer where one is known. */
export interface Task<Data = unknown> {
  /** Unique within its environment; stable across processes. */
  id: string;
  /** Raw text that the model continues as it is, or messages that the chat template renders. */
  prompt: string | Message[];
  /** Tools that the model may call, as chat templates read them. */
  tools?: readonly unknown[];
  /** What the grader needs: a reference answer, given numbers, accepted pronunciations. */
  data: Data;
  /** A worked completion for supervised training, without the end-of-sequence token. */
  completion?: string;
  /** A worse completion than `completion`, for learning from preferences. */
  rejected?: string;
  /** Facts for curricula and reports: difficulty knobs, source line. */
  metadata?: Record<string, string | number | boolean>;
}
