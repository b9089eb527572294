import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { burnish, inFolder, lastObject, tinyRecipe } from './testing/spawn.ts';

const size = async (path: string) => (await stat(path)).size;

describe.concurrent('burnish', () => {
  it('shows help with its exit codes, and refuses unknown commands', async () => {
    await inFolder(async (cwd) => {
      const help = await burnish(['--help'], { cwd });
      expect(help.code).toBe(0);
      for (const word of ['quickstart', 'train', 'eval', 'sample', 'chat', 'runs', 'export', 'init', '130'])
        expect(help.stdout).toContain(word);
      for (const line of help.stdout.split('\n')) expect([...line].length).toBeLessThanOrEqual(80);
      const wrong = await burnish(['trian'], { cwd });
      expect(wrong).toMatchObject({ code: 2, stdout: '' });
      expect(wrong.stderr).toContain('Did you mean train?');
    });
  });

  it('trains, reports, lists, shows, compares, measures, samples and exports', async () => {
    await inFolder(async (cwd) => {
      await writeFile(join(cwd, 'tiny.yaml'), tinyRecipe);
      const run = (args: string) => burnish(args.split(' '), { cwd });

      const trained = await run('train tiny.yaml --json --seed 3 --out out/one --set stages.1.steps=2');
      expect(trained.code, trained.stderr).toBe(0);
      expect(trained.stdout.trimEnd().split('\n')).toHaveLength(1);
      expect(trained.stderr).toContain('step 2/2');
      const result = lastObject(trained);
      const score = { passAt1: expect.any(Number), low: expect.any(Number), high: expect.any(Number) };
      expect(result).toMatchObject({ status: 'finished', run: 'one', steps: 5, before: score, after: score });
      expect(result.seconds).toBeGreaterThan(0);
      expect(await size(result.report as string)).toBeGreaterThan(10_000);
      expect(await size(join(cwd, 'out/one/plots/held-out.png'))).toBeGreaterThan(1000);

      const quiet = await run('train tiny.yaml --quiet --runs out');
      expect(quiet).toMatchObject({ code: 0, stderr: '' });
      expect(quiet.stdout).toMatch(/before +\d+\.\d% +95% interval \[/);

      const list = lastObject(await run('runs list --runs out --json')) as unknown as { id: string }[];
      expect(list).toHaveLength(2);
      expect(list[1]).toMatchObject({ id: 'one', status: 'finished', seed: 3, before: result.before });
      const shown = await run('runs show one --runs out');
      expect(shown.stdout).toMatch(/reward\.mean +[▁-█ ]+ 0\.\d+ → /);
      const compared = await run(`runs compare one ${list[0].id} --runs out --json`);
      expect(lastObject(compared)).toMatchObject({
        settings: { seed: [3, 0], 'stages.1.steps': [2, 3] },
      });

      const measured = lastObject(await run('eval out/one --json'));
      expect(measured).toMatchObject({ run: 'one', before: result.before, after: result.after });
      expect(await size(measured.report as string)).toBeGreaterThan(10_000);

      const sampled = lastObject(await run('sample out/one -p 1+2= -p 3+4= -n 2 --json'));
      expect(sampled.samples).toHaveLength(4);
      expect(sampled.samples).toMatchObject([{ prompt: '1+2=' }, {}, { prompt: '3+4=' }, {}]);
      const graded = lastObject(await run('sample out/one --tasks 3 --json'));
      expect(graded.samples).toMatchObject([0, 1, 2].map(() => ({ score: expect.any(Number) })));

      const exported = await run('export out/one copy --dtype f16 --which last');
      expect(exported.stdout).toContain('step 5');
      const ratio =
        (await size(join(cwd, 'out/one/model/model.safetensors'))) /
        (await size(join(cwd, 'copy/model.safetensors')));
      expect(ratio).toBeGreaterThan(1.5);
      const again = await run(
        'eval copy --environment arithmetic --set digits=[1,1] --tasks 4 --max-tokens 8 --json',
      );
      expect(lastObject(again)).toMatchObject({ before: score, after: score });
    });
  });

  it('writes recipes that run, and does not replace files', async () => {
    await inFolder(async (cwd) => {
      const run = (args: string) => burnish(args.split(' '), { cwd });
      const small =
        '--set stages.0.steps=2 --set stages.1.steps=1 --set evaluation.tasks=4 --set report.tasks=4 --json';
      for (const file of ['my.yaml', 'my.ts']) {
        expect((await run(`init ${file}`)).code).toBe(0);
        const trained = await run(`train ${file} ${small} --out out-${file}`);
        expect(trained.code, trained.stderr).toBe(0);
        expect(lastObject(trained)).toMatchObject({ status: 'finished', steps: 3 });
      }
      const before = await readFile(join(cwd, 'my.ts'), 'utf8');
      await writeFile(join(cwd, 'my.ts'), `${before}// mine\n`);
      const refused = await run('init my.ts');
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain('--force');
      expect(await readFile(join(cwd, 'my.ts'), 'utf8')).toContain('// mine');
      expect((await run('init my.ts --force')).code).toBe(0);
      expect(await readFile(join(cwd, 'my.ts'), 'utf8')).toBe(before);
    });
  });

  it("trains on a user's own file and says what it chose", async () => {
    await inFolder(async (cwd) => {
      const lines = Array.from({ length: 20 }, (_, i) =>
        JSON.stringify({ prompt: `${i}+1=`, answer: String(i + 1) }),
      );
      await writeFile(join(cwd, 'mine.jsonl'), lines.join('\n'));
      const args = [
        'train',
        'mine.jsonl',
        '--set',
        'stages.0.steps=2',
        '--set',
        'stages.1.steps=1',
        '--json',
      ];
      const trained = await burnish(args, { cwd });
      expect(trained.code, trained.stderr).toBe(0);
      expect(trained.stderr).toContain('tasks: 20');
      expect(trained.stderr).toContain("a fresh small one over the file's 12 characters");
      expect(lastObject(trained)).toMatchObject({ status: 'finished', split: 'test' });
    });
  });
});
