import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { burnish, inFolder, lastObject, tinyRecipe } from './testing/spawn.ts';

const LONG = ['--set', 'stages.0.steps=100000', '--set', 'evaluation.every=0', '--set', 'snapshots.every=0'];

describe.concurrent('Ctrl-C', () => {
  it('once: saves, says how to resume, exits with 130; the resumed run goes on from there', async () => {
    await inFolder(async (cwd) => {
      await writeFile(join(cwd, 'tiny.yaml'), tinyRecipe);
      let sent = false;
      const stopped = await burnish(['train', 'tiny.yaml', ...LONG], {
        cwd,
        watch(stderr, child) {
          if (sent || !/step [1-9]\d*\/100000/.test(stderr)) return;
          sent = true;
          child.kill('SIGINT');
        },
      });
      expect(stopped).toMatchObject({ code: 130, signal: null });
      expect(stopped.stderr).toContain('saving a snapshot');
      const [, step] = /Stopped after step (\d+)/.exec(stopped.stdout) ?? [];
      expect(Number(step)).toBeGreaterThan(0);
      const [, resume] = /burnish (train --resume .+)\n/.exec(stopped.stdout) ?? [];

      const until = ['--set', `stages.0.steps=${Number(step) + 2}`];
      const resumed = await burnish([...resume.split(' '), ...until, '--json'], { cwd });
      expect(resumed.code, resumed.stderr).toBe(0);
      expect(resumed.stderr).toContain(`Resumed from step ${step}.`);
      expect(lastObject(resumed)).toMatchObject({ status: 'finished', steps: Number(step) + 2 + 3 });
    });
  });

  it('twice: exits at once with 130', async () => {
    await inFolder(async (cwd) => {
      await writeFile(join(cwd, 'tiny.yaml'), tinyRecipe);
      let sent = false;
      const stopped = await burnish(['train', 'tiny.yaml', ...LONG], {
        cwd,
        // A snapshot that never ends: the second signal must not wait for it.
        before: `
          import fs from 'node:fs/promises';
          import { syncBuiltinESMExports } from 'node:module';
          const real = fs.mkdir;
          fs.mkdir = (path, ...rest) => /step-0*[1-9]/.test(String(path)) ? new Promise(() => setInterval(() => {}, 1000)) : real(path, ...rest);
          syncBuiltinESMExports();`,
        watch(stderr, child) {
          if (!sent && /step [1-9]\d*\/100000/.test(stderr)) {
            sent = true;
            child.kill('SIGINT');
          }
          if (stderr.includes('saving a snapshot')) setTimeout(() => child.kill('SIGINT'), 300);
        },
      });
      expect(stopped).toMatchObject({ code: 130, signal: null, stdout: '' });
    });
  });
});
