import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  burnish,
  burnishHere,
  type Finished,
  failing,
  inFolder,
  lastObject,
  tinyRecipe,
} from './testing/spawn.ts';

/** The message of a command that failed as it should: one message, no stack trace, nothing on standard output. */
function message(finished: Finished, code: number): string {
  expect(finished, finished.stderr).toMatchObject({ code, stdout: '' });
  expect(finished.stderr).not.toMatch(/^\s+at /m);
  const messages = finished.stderr.split('\n').filter((line) => line.startsWith('error: '));
  expect(messages).toHaveLength(1);
  return finished.stderr.slice(finished.stderr.indexOf('error: '));
}

const failure = async (args: string, cwd: string, code: number, before?: string) =>
  message(await burnish(args.split(' '), { cwd, before }), code);
const failureHere = async (...args: string[]) => message(await burnishHere(args), 2);

describe('what is wrong is said once, with the right exit code', () => {
  it('wrong data, recipes, models and runs: 2', async () => {
    await inFolder(async (cwd) => {
      const write = (name: string, text: string) => writeFile(join(cwd, name), text);
      await write('bad.jsonl', '{"prompt": "1+1=", "answer": "2"}\n{"prompt": "1+2="\n');
      await write('key.yaml', tinyRecipe.replace('evaluation:', 'evaluatoin:'));
      await write('tiny.yaml', tinyRecipe);
      const messages = await Promise.all([
        failure('train bad.jsonl', cwd, 2),
        failure('train key.yaml', cwd, 2),
        failure('train tiny.yaml --model nowhere', cwd, 2),
        failure('runs show nothing', cwd, 2),
      ]);
      expect(messages[0]).toMatch(/bad\.jsonl has 1 bad line:\n +line 2: not valid JSON/);
      expect(messages[1]).toMatch(/key\.yaml: .*unknown key 'evaluatoin': did you mean 'evaluation'\?/);
      expect(messages[2]).toMatch(/there is no model folder .*nowhere: there is no such file or folder/);
      expect(messages[3]).toContain("there is no run 'nothing'");
    });
  });

  it('the same for all the other ways to be wrong', async () => {
    await inFolder(async (cwd) => {
      const tiny = join(cwd, 'tiny.yaml');
      await writeFile(tiny, tinyRecipe);
      expect(await failureHere('train', tiny, '--set', 'stages.1.gruopSize=4')).toMatch(
        /stages\.1: unknown key 'gruopSize': did you mean 'groupSize'\?/,
      );
      expect(await failureHere('train', tiny, '--set', 'seed')).toContain('expected key=value');
      expect(await failureHere('train', tiny, '--set', 'model.config.headDim=3')).toContain(
        'model.config.headDim: 3 given',
      );
      expect(await failureHere('train', tiny, '--set', 'environment.digitz=3')).toContain('"digitz"');
      expect(await failureHere('train', tiny, '--set', 'model.config.heads=4')).toContain('a multiple of 8');
      await writeFile(join(cwd, 'broken.yaml'), 'name: [1,\n  b: }\n');
      expect(await failureHere('train', join(cwd, 'broken.yaml'))).toContain('cannot read the recipe');
      expect(await failureHere('train', join(cwd, 'none.yaml'))).toContain('no such file or folder');
      expect(await failureHere('train', 'countdwn')).toContain("Did you mean 'countdown'?");
      expect(await failureHere('train')).toContain('no recipe given');
      expect(await failureHere('chat', 'nothing')).toContain('chat needs a terminal');
      const runs = ['--runs', cwd];
      expect(await failureHere('train', '--resume', 'nothing', ...runs)).toContain("no run 'nothing'");
      expect(await failureHere('runs', 'list', ...runs)).toContain('there are no runs in');
      expect(await failureHere('eval', 'nothing', ...runs)).toContain('neither a model folder');
      expect(await failureHere('export', 'nothing', cwd, ...runs)).toContain("no run 'nothing'");
      const json = await burnishHere(['runs', 'show', 'nothing', '--json', ...runs]);
      expect(lastObject(json)).toEqual({ exitCode: 2, error: expect.stringContaining('nothing') });
      const misspelt = await burnishHere(['train', tiny, '--json', '--sed', '3']);
      expect(lastObject(misspelt)).toEqual({ exitCode: 2, error: expect.stringContaining("'--sed'") });
      const debug = await burnishHere(['runs', 'show', 'nothing', '--debug', ...runs]);
      expect(debug.stderr).toMatch(/^ +at /m);
    });
  });

  it('errors in TypeScript recipes name the file: 2', async () => {
    await inFolder(async (cwd) => {
      await writeFile(join(cwd, 'throws.ts'), 'const x: number = 1;\nnope();\nexport default { x };\n');
      await writeFile(join(cwd, 'empty.ts'), 'export const x = 1;\n');
      const messages = await Promise.all([
        failure('train throws.ts', cwd, 2),
        failure('train empty.ts', cwd, 2),
      ]);
      expect(messages[0]).toMatch(/throws\.ts.*nope is not defined/s);
      expect(messages[1]).toMatch(/empty\.ts.*default export/s);
    });
  });

  it('an output folder that cannot be written: 1', async () => {
    await inFolder(async (cwd) => {
      await writeFile(join(cwd, 'tiny.yaml'), tinyRecipe);
      await writeFile(join(cwd, 'file'), '');
      const readOnly = failing('mkdir', 'locked', 'EROFS');
      const messages = await Promise.all([
        failure('train tiny.yaml --out locked/run', cwd, 1, readOnly),
        failure('train tiny.yaml --out file/run', cwd, 1),
      ]);
      expect(messages[0]).toMatch(/cannot make the output folder .*locked.run: the file system is read-only/);
      expect(messages[1]).toContain('part of the path is a file');
    });
  });

  it('no room for the report alone: 1, and resuming the finished run writes it', async () => {
    await inFolder(async (cwd) => {
      await writeFile(join(cwd, 'tiny.yaml'), tinyRecipe);
      const full = failing('open', 'report.html', 'ENOSPC');
      const said = await failure('train tiny.yaml --out out/run', cwd, 1, full);
      expect(said).toMatch(/cannot write the report .*report\.html: .*ENOSPC/);
      const folder = join(cwd, 'out/run');
      const record = async () => (await burnishHere(['runs', 'show', folder, '--json'])).stdout;
      const before = await record();
      const resumed = await burnishHere(['train', '--resume', folder, '--json']);
      expect(lastObject(resumed)).toMatchObject({ status: 'finished', steps: 6 });
      expect(await readdir(folder)).toContain('report.html');
      expect(await record()).toBe(before);
      expect(await failureHere('train', '--resume', folder)).toContain('is finished');
    });
  });

  it('a full disk: 1, earlier snapshots stay whole, and the run goes on once there is room', async () => {
    await inFolder(async (cwd) => {
      await writeFile(join(cwd, 'tiny.yaml'), tinyRecipe);
      const full = failing('open', 'step-000004', 'ENOSPC');
      const said = await failure('train tiny.yaml --out out/run', cwd, 1, full);
      expect(said).toMatch(/cannot write the snapshot .*step-000004: the disk is full/);
      expect(said).toContain('burnish train --resume out/run');
      const folder = join(cwd, 'out/run');
      const kept = await readdir(join(folder, 'snapshots'));
      expect(kept).toContain('step-000003');
      expect(kept.some((name) => name.includes('step-000004'))).toBe(false);

      const status = lastObject(await burnishHere(['runs', 'show', folder, '--json']));
      expect(status).toMatchObject({ status: 'failed', error: expect.stringContaining('disk is full') });
      const again = await failureHere('train', join(cwd, 'tiny.yaml'), '--out', folder);
      expect(again).toContain('--resume');
      const resumed = await burnishHere(['train', '--resume', folder, '--json']);
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(resumed.stderr).toContain('Resumed from step 3.');
      expect(lastObject(resumed)).toMatchObject({ status: 'finished', steps: 6 });
    });
  });
});
