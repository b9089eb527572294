/** `burnish chat`: talks with a model in the terminal. */
import { renderPrompt } from '../../rollout/index.ts';
import type { Message } from '../../types/index.ts';
import { CliError, EXIT, type ExitCode, messageOf } from '../errors.ts';
import { Terminal } from '../output/terminal.ts';
import { loadModel } from '../setup/model.ts';
import { findTarget } from '../setup/target.ts';
import { type SamplingOptions, samplingOf } from './sample.ts';

export interface ChatCommandOptions extends SamplingOptions {
  system?: string;
}

/**
 * A conversation in the model's chat template. A model without one has learnt no conversation: it continues each line
 * as it is.
 */
export async function chatCommand(what: string, options: ChatCommandOptions): Promise<ExitCode> {
  if (!process.stdin.isTTY)
    throw new CliError("chat needs a terminal; 'burnish sample --prompt …' works without one");
  const { intro, isCancel, log, outro, text } = await import('@clack/prompts');
  const target = await findTarget(what, options.runs);
  const { engine, tokenizer } = await loadModel(target.model, { decoding: { pack: true } });
  const { style } = new Terminal({});
  const hasTemplate = tokenizer.chatTemplate !== undefined;
  const start: Message[] = options.system ? [{ role: 'system', content: options.system }] : [];
  let messages = start;
  try {
    intro(
      `${target.name}  ${style.dim(hasTemplate ? '/new starts over, Ctrl-C ends' : 'no chat template: continues each line; Ctrl-C ends')}`,
    );
    for (let turn = 0; ; turn++) {
      const said = await text({
        message: hasTemplate ? 'You' : 'Prompt',
        validate: (line) => (line ? undefined : 'Say something'),
      });
      if (isCancel(said)) break;
      if (said === '/new') {
        messages = start;
        continue;
      }
      const asked: Message[] = [...messages, { role: 'user', content: said }];
      try {
        const task = { id: `turn ${turn + 1}`, prompt: hasTemplate ? asked : said, data: null };
        const request = { prompt: renderPrompt(task, tokenizer), n: 1, seed: (options.seed ?? 0) + turn };
        const [[answer]] = await engine.sample([request], samplingOf(target, options));
        log.message(hasTemplate ? answer.text : `${style.dim(said)}${answer.text}`);
        messages = [...asked, { role: 'assistant', content: answer.text }];
      } catch (error) {
        log.error(messageOf(error));
      }
    }
    outro('Bye');
    return EXIT.ok;
  } finally {
    engine.dispose();
  }
}
