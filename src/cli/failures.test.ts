import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { burnish, failing, inFolder, lastObject, tinyRecipe } from './testing/spawn.ts';

/** Message of a command that must fail with one message and no stack trace. */
async function failure(args: string, cwd: string, code: number, before?: string): Promise<string> {
  const finished = await burnish(args.split(' '), { cwd, before });
  expect(finished, finished.stderr).toMatchObject({ code, stdout: '' });
  expect(finished.stderr).not.toMatch(/^\s+at /m);
  const messages = finished.stderr.split('\n').filter((line) => line.startsWith('error: '));
  expect(messages).toHaveLength(1);
  return finished.stderr.slice(finished.stderr.indexOf('error: '));
}

describe.concurrent('what is wrong is said once, with the right exit code', () => {
  it('wrong recipes, files, models and runs: 2', async () => {
    await inFolder(async (cwd) => {
      const write = (name: string, text: string) => writeFile(join(cwd, name), text);
      await write('bad.jsonl', '{"prompt": "1+1=", "answer": "2"}\n{"prompt": "1+2="\n');
      expect(await failure('train bad.jsonl', cwd, 2)).toMatch(
        /bad\.jsonl has 1 bad line:\n +line 2: not valid JSON/,
      );

      await write('key.yaml', tinyRecipe.replace('evaluation:', 'evaluatoin:'));
      expect(await failure('train key.yaml', cwd, 2)).toMatch(
        /key\.yaml: .*unknown key 'evaluatoin': did you mean 'evaluation'\?/,
      );
      await write('tiny.yaml', tinyRecipe);
      expect(await failure('train tiny.yaml --set stages.1.gruopSize=4', cwd, 2)).toMatch(
        /stages\.1: unknown key 'gruopSize': did you mean 'groupSize'\?/,
      );
      expect(await failure('train tiny.yaml --set seed', cwd, 2)).toContain('expected key=value');
      expect(await failure('train tiny.yaml --model nowhere', cwd, 2)).toMatch(
        /there is no model folder .*nowhere: there is no such file or folder/,
      );
      await write('broken.yaml', 'name: [1,\n  b: }\n');
      expect(await failure('train broken.yaml', cwd, 2)).toContain('cannot read the recipe');
    });
  });

  it('unknown names and runs: 2', async () => {
    await inFolder(async (cwd) => {
      expect(await failure('train countdwn', cwd, 2)).toContain("Did you mean 'countdown'?");
      expect(await failure('train nowhere.yaml', cwd, 2)).toContain('there is no such file or folder');
      expect(await failure('train --resume nothing', cwd, 2)).toContain("there is no run 'nothing'");
      expect(await failure('runs show nothing', cwd, 2)).toContain("there is no run 'nothing'");
      expect(await failure('runs list', cwd, 2)).toContain('there are no runs in runs');
      expect(await failure('eval nothing', cwd, 2)).toContain('neither a model folder');
      expect(await failure('export nothing somewhere', cwd, 2)).toContain("there is no run 'nothing'");
      const json = await burnish(['runs', 'show', 'nothing', '--json'], { cwd });
      expect(lastObject(json)).toMatchObject({ exitCode: 2, error: expect.stringContaining('nothing') });
    });
  });

  it('errors in TypeScript recipes name the place', async () => {
    await inFolder(async (cwd) => {
      await writeFile(join(cwd, 'throws.ts'), 'const x: number = 1;\nnope();\nexport default { x };\n');
      expect(await failure('train throws.ts', cwd, 2)).toMatch(/throws\.ts.*nope is not defined/s);
      await writeFile(join(cwd, 'empty.ts'), 'export const x = 1;\n');
      expect(await failure('train empty.ts', cwd, 2)).toContain('default export');
    });
  });

  it('a read-only output folder: 1', async () => {
    await inFolder(async (cwd) => {
      await writeFile(join(cwd, 'tiny.yaml'), tinyRecipe);
      const readOnly = failing('mkdir', 'locked', 'EROFS');
      expect(await failure('train tiny.yaml --out locked/run', cwd, 1, readOnly)).toMatch(
        /cannot make the output folder .*locked.run: the file system is read-only/,
      );
      await writeFile(join(cwd, 'file'), '');
      expect(await failure('train tiny.yaml --out file/run', cwd, 1)).toContain('part of the path is a file');
    });
  });

  it('a full disk: 1, earlier snapshots stay whole, and the run goes on once there is room', async () => {
    await inFolder(async (cwd) => {
      await writeFile(join(cwd, 'tiny.yaml'), tinyRecipe);
      const full = failing('open', 'step-000004', 'ENOSPC');
      const message = await failure('train tiny.yaml --out out/run', cwd, 1, full);
      expect(message).toMatch(/cannot write the snapshot .*step-000004: the disk is full/);
      expect(message).toContain('burnish train --resume out/run');
      const kept = await readdir(join(cwd, 'out/run/snapshots'));
      expect(kept).toContain('step-000003');
      expect(kept.some((name) => name.includes('step-000004'))).toBe(false);

      const status = lastObject(await burnish(['runs', 'show', 'run', '--runs', 'out', '--json'], { cwd }));
      expect(status).toMatchObject({ status: 'failed', error: expect.stringContaining('disk is full') });
      const again = await failure('train tiny.yaml --out out/run', cwd, 2);
      expect(again).toContain('--resume');
      const resumed = await burnish(['train', '--resume', 'out/run', '--json'], { cwd });
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(resumed.stderr).toContain('Resumed from step 3.');
      expect(lastObject(resumed)).toMatchObject({ status: 'finished', steps: 6 });
    });
  });
});
