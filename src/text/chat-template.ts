/** Renders conversations with a model's chat template (Jinja, as in `tokenizer_config.json`). */
import { Template } from '@huggingface/jinja';
import type { Message } from '../types/index.ts';

/** For models without a template of their own: role markers in plain text, each message ended by the end token. */
export const DEFAULT_CHAT_TEMPLATE = `{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] + eos_token + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}`;

/** For models of few symbols, which have none to spare for role markers: what was said, one message after the other. */
export const PLAIN_CHAT_TEMPLATE = `{% for message in messages %}{{ message['content'] }}{% endfor %}`;

export interface RenderOptions {
  /** End with the opening of the assistant's turn, for the model to continue. Default true. */
  addGenerationPrompt?: boolean;
  /** Text of the begin token, or nothing. */
  bosToken?: string;
  /** Text of the end token, or nothing. */
  eosToken?: string;
  /** The date that templates see when they ask for today's, as YYYY-MM-DD. Fixed, so that a run can be repeated. */
  date?: string;
  /** Further variables of the template (`enable_thinking`, `tools`, …). */
  variables?: Readonly<Record<string, unknown>>;
}

const DEFAULT_DATE = '2025-01-01';
const parsed = new Map<string, Template>();
const MAX_PARSED = 32;
/** Puts the fixed clock over the library's own; trim_blocks takes the line break away again. */
const PREAMBLE = '{% set strftime_now = fixed_strftime %}\n';

function parse(source: string): Template {
  let template = parsed.get(source);
  if (template === undefined) {
    if (parsed.size >= MAX_PARSED) parsed.clear();
    template = new Template(PREAMBLE + source);
    parsed.set(source, template);
  }
  return template;
}

/** What templates call to print today's date, over a fixed date (noon, UTC). */
function fixedStrftime(date: string): (format: string) => string {
  const day = new Date(`${date}T12:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date) || Number.isNaN(day.getTime()))
    throw new Error(`date is ${JSON.stringify(date)}, expected YYYY-MM-DD`);
  const word = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-US', { ...options, timeZone: 'UTC' }).format(day);
  const [year, month, dayOfMonth] = date.split('-');
  const parts: Record<string, () => string> = {
    Y: () => year,
    m: () => month,
    d: () => dayOfMonth,
    B: () => word({ month: 'long' }),
    b: () => word({ month: 'short' }),
    A: () => word({ weekday: 'long' }),
    a: () => word({ weekday: 'short' }),
    H: () => '12',
    M: () => '00',
    S: () => '00',
    '%': () => '%',
  };
  return (format) => format.replace(/%([a-zA-Z%])/g, (whole, letter: string) => parts[letter]?.() ?? whole);
}

/**
 * The prompt text of a conversation. Blocks are trimmed as transformers trims them.
 * Throws an Error that starts with "chat template:" where the template is malformed or refuses the messages.
 */
export function renderChat(
  template: string,
  messages: readonly Message[],
  {
    addGenerationPrompt = true,
    bosToken = '',
    eosToken = '',
    date = DEFAULT_DATE,
    variables = {},
  }: RenderOptions = {},
): string {
  const strftime = fixedStrftime(date);
  try {
    return parse(template).render({
      ...variables,
      messages: messages.map((message) => ({ ...message })),
      add_generation_prompt: addGenerationPrompt,
      bos_token: bosToken,
      eos_token: eosToken,
      fixed_strftime: strftime,
    });
  } catch (error) {
    throw new Error(`chat template: ${(error as Error).message}`, { cause: error });
  }
}
