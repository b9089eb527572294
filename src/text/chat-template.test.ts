/** Tests of chat rendering. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_CHAT_TEMPLATE, renderChat } from './chat-template.ts';

const messages = [
  { role: 'system' as const, content: 'Count.' },
  { role: 'user' as const, content: '1 2' },
];

describe('renderChat', () => {
  it('renders the default template', () => {
    const text = renderChat(DEFAULT_CHAT_TEMPLATE, messages, { eosToken: '<eos>' });
    expect(text).toBe('<|system|>\nCount.<eos>\n<|user|>\n1 2<eos>\n<|assistant|>\n');
    expect(renderChat(DEFAULT_CHAT_TEMPLATE, messages, { addGenerationPrompt: false })).toBe(
      '<|system|>\nCount.\n<|user|>\n1 2\n',
    );
  });

  it('passes further variables', () => {
    expect(
      renderChat('{{ bos_token }}{{ mood }}', messages, { bosToken: '<s>', variables: { mood: 'calm' } }),
    ).toBe('<s>calm');
  });

  it('shows templates a fixed date', () => {
    const template = "{{ strftime_now('%d %b %Y, %A') }}";
    expect(renderChat(template, messages)).toBe('01 Jan 2025, Wednesday');
    expect(renderChat(template, messages, { date: '2026-02-28' })).toBe('28 Feb 2026, Saturday');
    expect(() => renderChat(template, messages, { date: 'today' })).toThrow(
      /date is "today", expected YYYY-MM-DD/,
    );
  });

  it('says that the template is at fault', () => {
    expect(() => renderChat('{% for %}', messages)).toThrow(/^chat template: /);
    expect(() => renderChat("{{ raise_exception('no system turn') }}", messages)).toThrow(
      /^chat template: .*no system turn/,
    );
  });
});
