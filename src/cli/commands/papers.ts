/** `burnish papers`: every paper with what has become of its reproduction. */
import { type PaperState, PUBLISHED, paperStates, type Verdict } from '../../reproduce/index.ts';
import { EXIT, type ExitCode } from '../errors.ts';
import { cut, type Style } from '../output/style.ts';
import { Terminal } from '../output/terminal.ts';
import { declaredReproductions } from '../reproductions.ts';

export interface PapersCommandOptions {
  json?: boolean;
  quiet?: boolean;
}

const WIDTH = 80;
const INDENT = 4;
const NAME = 26;

const STATUS: Record<PaperState['status'], string> = {
  finished: 'reproduced',
  partial: 'partly run',
  declared: 'not run yet',
  planned: 'not reproduced yet',
};

function verdictOf(verdict: Verdict, style: Style): string {
  const colour = { holds: style.green, 'does not hold': style.red, inconclusive: style.yellow }[verdict];
  const words = { holds: 'holds', 'does not hold': 'does not hold', inconclusive: 'inconclusive' }[verdict];
  return colour(words);
}

/** Text broken at spaces into lines of so many columns. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => cut(one, width));
}

/** A paper in lines of 80 columns: number, method, status and verdict; title; figure and command where there are any. */
export function paperLines(paper: PaperState, style: Style): string[] {
  const { id, method, name, title, status, verdict, figure, command } = paper;
  const head = `${String(id).padStart(2)}  ${style.bold(cut(method, NAME).padEnd(NAME))}  ${STATUS[status]}`;
  const pad = ' '.repeat(INDENT);
  const room = WIDTH - INDENT;
  const lines = [
    verdict === null ? head : `${head}: ${verdictOf(verdict, style)}`,
    ...wrapped(title, room).map((line) => `${pad}${style.dim(line)}`),
  ];
  if (figure !== null) lines.push(...wrapped(figure, room).map((line) => `${pad}${line}`));
  if (command !== null) lines.push(`${pad}${style.cyan(command)}`);
  else if (verdict !== null)
    lines.push(`${pad}${style.dim(`${name}: its reproduction is not in this version`)}`);
  return lines;
}

export async function papersCommand(options: PapersCommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const { style } = terminal;
  const papers = await paperStates(PUBLISHED, declaredReproductions());
  for (const paper of papers) for (const line of paperLines(paper, style)) terminal.print(line);
  const finished = papers.filter(({ status }) => status === 'finished');
  const counts = (['holds', 'does not hold', 'inconclusive'] as const)
    .map((verdict) => `${finished.filter((paper) => paper.verdict === verdict).length} ${verdict}`)
    .join(', ');
  terminal.print();
  terminal.print(
    `${finished.length} of ${papers.length} reproduced${finished.length === 0 ? '' : ` (${counts})`}.`,
  );
  terminal.object(papers);
  return EXIT.ok;
}
