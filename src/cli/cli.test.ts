import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { burnish, burnishHere, inFolder, lastObject, tinyRecipe } from './testing/spawn.ts';

const size = async (path: string) => (await stat(path)).size;
const score = { passAt1: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };

describe('burnish', () => {
  it('shows help with its exit codes at 80 columns, and refuses unknown commands', async () => {
    const help = await burnishHere(['--help']);
    expect(help.code).toBe(0);
    for (const word of ['quickstart', 'train', 'eval', 'sample', 'chat', 'runs', 'export', 'init', '130'])
      expect(help.stdout).toContain(word);
    for (const line of help.stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
    const wrong = await burnishHere(['trian']);
    expect(wrong).toMatchObject({ code: 2, stdout: '' });
    expect(wrong.stderr).toContain('Did you mean train?');
  });

  it('trains, reports, lists, shows, compares, measures, samples and exports', async () => {
    await inFolder(async (cwd) => {
      const recipe = join(cwd, 'tiny.yaml');
      const runs = join(cwd, 'out');
      const one = join(runs, 'one');
      await writeFile(recipe, tinyRecipe);

      const more = ['--seed', '3', '--out', 'out/one', '--set', 'stages.1.steps=2'];
      const trained = await burnish(['train', 'tiny.yaml', '--json', ...more], { cwd });
      expect(trained.code, trained.stderr).toBe(0);
      expect(trained.stdout.trimEnd().split('\n')).toHaveLength(1);
      expect(trained.stderr).toContain('step 2/2');
      const result = lastObject(trained);
      expect(result).toMatchObject({
        status: 'finished',
        run: 'one',
        steps: 5,
        before: score,
        after: score,
      });
      expect(result.seconds).toBeGreaterThan(0);
      expect(result.report).toBe(join(one, 'report.html'));
      expect(await size(result.report as string)).toBeGreaterThan(10_000);
      expect(await size(join(one, 'plots/held-out.png'))).toBeGreaterThan(1000);

      // A run of the same name in another folder of runs is no obstacle, wherever the command is called from.
      const short = ['--set', 'stages.0.steps=1', '--set', 'stages.1.steps=0', '--quiet'];
      const namesake = await burnish(['train', recipe, '--out', '../other/one', ...short], { cwd: runs });
      expect(namesake.code, namesake.stderr).toBe(0);

      const quiet = await burnishHere(['train', recipe, '--quiet', '--runs', runs]);
      expect(quiet).toMatchObject({ code: 0, stderr: '' });
      expect(quiet.stdout).toMatch(/before +\d+\.\d% +95% interval \[/);

      const listed = await burnishHere(['runs', 'list', '--runs', runs, '--json']);
      const list = lastObject(listed) as unknown as { id: string }[];
      expect(list).toHaveLength(2);
      expect(list[1]).toMatchObject({ id: 'one', status: 'finished', seed: 3, before: result.before });
      const shown = await burnishHere(['runs', 'show', 'one', '--runs', runs]);
      expect(shown.stdout).toMatch(/reward\.mean +[▁-█ ]+ 0\.\d+ → /);
      const compared = await burnishHere(['runs', 'compare', 'one', list[0].id, '--runs', runs, '--json']);
      expect(lastObject(compared)).toMatchObject({ settings: { seed: [3, 0], 'stages.1.steps': [2, 3] } });

      const measured = lastObject(await burnishHere(['eval', one, '--json']));
      expect(measured).toMatchObject({ run: 'one', before: result.before, after: result.after });
      expect(await size(measured.report as string)).toBeGreaterThan(10_000);

      const prompts = ['-p', '1+2=', '-p', '3+4=', '-n', '2'];
      const sampled = lastObject(await burnishHere(['sample', one, ...prompts, '--json']));
      expect(sampled.samples).toMatchObject([{ prompt: '1+2=' }, {}, { prompt: '3+4=' }, {}]);
      const graded = lastObject(await burnishHere(['sample', one, '--tasks', '3', '--json']));
      expect(graded.samples).toMatchObject([0, 1, 2].map(() => ({ score: expect.any(Number) })));

      const copy = join(cwd, 'copy');
      const exported = await burnishHere(['export', one, copy, '--dtype', 'f16', '--which', 'last']);
      expect(exported.stdout).toContain('step 5');
      const full = await size(join(one, 'model/model.safetensors'));
      expect(full / (await size(join(copy, 'model.safetensors')))).toBeGreaterThan(1.5);
      const settings = ['--set', 'digits=[1,1]', '--tasks', '4', '--max-tokens', '8', '--runs', runs];
      const alone = await burnishHere(['eval', copy, '-e', 'arithmetic', ...settings, '--json']);
      expect(alone.code, alone.stderr).toBe(0);
      expect(lastObject(alone)).toMatchObject({ before: score, after: score });
    });
  });

  it('writes recipes that run, and does not replace files', async () => {
    await inFolder(async (cwd) => {
      const limits = [
        'model.config.hiddenSize=32',
        'stages.0.steps=2',
        'stages.1.steps=1',
        'evaluation.tasks=4',
        'report.tasks=4',
      ];
      const small = limits.flatMap((limit) => ['--set', limit]);
      for (const name of ['my.yaml', 'my.ts']) {
        const file = join(cwd, name);
        expect((await burnishHere(['init', file])).code).toBe(0);
        const trained = await burnish(['train', name, ...small, '--json', '--out', `out-${name}`], { cwd });
        expect(trained.code, trained.stderr).toBe(0);
        expect(lastObject(trained)).toMatchObject({ status: 'finished', steps: 3 });
      }
      const file = join(cwd, 'my.ts');
      const template = await readFile(file, 'utf8');
      await writeFile(file, `${template}// mine\n`);
      const refused = await burnishHere(['init', file]);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('--force');
      expect(await readFile(file, 'utf8')).toContain('// mine');
      expect((await burnishHere(['init', file, '--force'])).code).toBe(0);
      expect(await readFile(file, 'utf8')).toBe(template);
    });
  });

  it("trains on a user's own file and says what it chose", async () => {
    await inFolder(async (cwd) => {
      const file = join(cwd, 'mine.jsonl');
      const lines = Array.from({ length: 20 }, (_, i) => ({ prompt: `${i}+1=`, answer: String(i + 1) }));
      await writeFile(file, lines.map((line) => JSON.stringify(line)).join('\n'));
      const small = ['--set', 'stages.0.steps=2', '--set', 'stages.1.steps=1'];
      const trained = await burnishHere(['train', file, ...small, '--json', '--runs', cwd]);
      expect(trained.code, trained.stderr).toBe(0);
      expect(trained.stderr).toContain('tasks: 20');
      expect(trained.stderr).toContain("a fresh small one over the file's 12 characters");
      expect(lastObject(trained)).toMatchObject({ status: 'finished', split: 'test' });
    });
  });
});
