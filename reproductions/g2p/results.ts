/** Writes the g2p reproduction's table, verdict and figures. */
import { execFileSync } from 'node:child_process';
import { mkdir, readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { bootstrapInterval, pairedBootstrap } from '../../src/evaluation/index.ts';
import { writeAtomically } from '../../src/files/index.ts';
import { ARMS, type Arm } from './arms.ts';
import type { ArmResult } from './measure.ts';

/** Published word error rates on CMUdict, percent, without stress. */
const PUBLISHED = [
  ['Yao and Zweig 2015, bidirectional LSTM', '23.55', 'arXiv 1506.00196'],
  ['Rao et al. 2015, LSTM with an n-gram model', '21.3', 'ICASSP 2015'],
  ['Toshniwal and Livescu 2016, attention, ensemble', '20.24', 'arXiv 1610.06540'],
];

const percent = (x: number) => (100 * x).toFixed(2);

/** Wrong answers by word: the mean over the seeds. */
function errorsByWord(results: readonly ArmResult[]): number[] {
  const { words } = results[0];
  return Array.from(
    { length: words },
    (_, i) => results.reduce((sum, { wrong }) => sum + Number(wrong[i]), 0) / results.length,
  );
}

/** Writes `g2p.json` and `g2p.md` into a folder; returns the path of the latter. */
export async function writeResults(folder: string, results: readonly ArmResult[]): Promise<string> {
  const of = (arm: Arm) => results.filter((result) => result.arm === arm);
  const errors = Object.fromEntries(ARMS.map((arm) => [arm, errorsByWord(of(arm))])) as Record<Arm, number[]>;
  const gain = (from: Arm) => pairedBootstrap(errors[from], errors.reinforcement, { seed: 0 });
  const gains = { supervised: gain('supervised'), continued: gain('continued') };
  const holds = gains.supervised.high < 0 && gains.continued.high < 0;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD']).toString().trim();
  const machine = `${cpus().length} x ${cpus()[0].model}, Node ${process.version}`;
  const seeds = of('supervised').map(({ seed }) => seed);

  const rows = ARMS.map((arm) => {
    const list = of(arm);
    const { low, high, estimate } = bootstrapInterval(errors[arm], { seed: 0 });
    const per = list.reduce((sum, r) => sum + r.phonemeErrorRate, 0) / list.length;
    const seconds = list.map((r) => r.seconds.toFixed(0)).join(', ');
    const bySeed = list.map((r) => percent(r.wordErrorRate)).join(', ');
    const sampled = list.reduce((sum, r) => sum + r.sampledWordErrorRate, 0) / list.length;
    return `| ${arm} | ${percent(estimate)} [${percent(low)}, ${percent(high)}] | ${bySeed} | ${percent(per)} | ${percent(sampled)} | ${seconds} |`;
  });
  // Written by a person about the runs that the report is of; kept apart from what is computed.
  const notes = await readFile(new URL('./notes.md', import.meta.url), 'utf8');
  const change = ({ estimate, low, high }: { estimate: number; low: number; high: number }) =>
    `${percent(estimate)} points [${percent(low)}, ${percent(high)}]`;

  const text = `# g2p: grapheme-to-phoneme on the CMU Pronouncing Dictionary

Claim: after supervised training, reinforcement on exact words lowers the held-out word error rate (WER) below the
supervised model's, **and** below that of supervised training continued for the same wall time.

**Verdict: the claim ${holds ? 'holds' : 'does not hold'}.** Reinforcement against the supervised model: ${change(gains.supervised)};
against continued supervised training: ${change(gains.continued)} (negative is better; 95 % paired bootstrap over words of
the mean over seeds). The claim holds when both intervals lie below 0; that was fixed before the runs.

| arm | WER, % [95 %] | by seed (${seeds.join(', ')}) | PER, % | WER of one sample, % | seconds of training, by seed |
|---|---|---|---|---|---|
${rows.join('\n')}

${results[0].words} test words, greedy decoding (but for the column "of one sample", drawn at temperature 1), no stress marks; a word is right when it equals any of its
pronunciations. The split is by a hash of the word (see \`src/environments/g2p.ts\`); no test word is seen in training.
The model has ${(results[0].parameters / 1e6).toFixed(2)} million parameters.

${notes}
## Published figures for CMUdict

| system | WER, % | source |
|---|---|---|
${PUBLISHED.map(([system, wer, source]) => `| ${system} | ${wer} | ${source} |`).join('\n')}

They are for other splits and versions of the dictionary and for much larger models trained far longer, so they say how
far this small model is from the field, not which method is better. This reproduction is about the difference between
its own arms.

## How it was run

\`npx tsx reproductions/g2p/run.ts --seeds ${seeds.join(',')}\` at commit ${commit} on ${machine}.
Recipe: the built-in \`g2p\` (\`src/cli/recipes/g2p.ts\`); the continued arm repeats its supervised stage from the supervised
model at 0.3 of the learning rate, falling to 0, for as many seconds as reinforcement took (\`reproductions/g2p/arms.ts\`).
Settings were chosen on seed 0, which is not among the seeds here. Every figure of the tables is in \`g2p.json\`.
`;
  const json = { commit, machine, holds, gains, results: results.map(({ wrong: _wrong, ...rest }) => rest) };
  await mkdir(folder, { recursive: true });
  const files = { 'g2p.json': `${JSON.stringify(json, null, 2)}\n`, 'g2p.md': text };
  for (const [name, content] of Object.entries(files)) await writeAtomically(join(folder, name), content);
  return join(folder, 'g2p.md');
}
