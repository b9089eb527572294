/** `burnish quickstart`: trains countdown from the shipped base model, and says what happens. */
import type { ExitCode } from '../errors.ts';
import { Terminal } from '../output/terminal.ts';
import { type TrainCommandOptions, trainCommand } from './train.ts';

export async function quickstartCommand(options: TrainCommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const { bold } = terminal.remarkStyle;
  terminal.remark(bold('Countdown: reach a target with three numbers, such as 3,8,5=19 → 8*3-5'));
  terminal.remark('A small language model that sometimes succeeds practises with GRPO on new problems;');
  terminal.remark('every answer is checked exactly. Held-out problems are tried before and after.');
  terminal.remark('');
  return await trainCommand('countdown', options);
}
