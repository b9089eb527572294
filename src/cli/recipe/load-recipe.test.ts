/** Paths in a recipe file are taken from the file's folder: models of methods too. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { inFolder } from '../testing/spawn.ts';
import { loadRecipe } from './load-recipe.ts';

it('takes every relative path in a file from its folder, and leaves names and absolute paths', async () => {
  await inFolder(async (folder) => {
    const path = join(folder, 'mine.yaml');
    await writeFile(
      path,
      `name: mine
model: start
environment: { file: tasks.jsonl, grader: exact }
stages:
  - { method: grpo, steps: 1 }
  - { method: bots, steps: 1, referenceModels: { weak: ../weak, strong: burnish/countdown } }
  - { method: bots, steps: 1, referenceModels: { weak: /models/weak, strong: ./strong }, referenceRates: { weak: w } }
`,
    );
    const { input } = await loadRecipe(path);
    expect(input).toMatchObject({
      model: join(folder, 'start'),
      environment: { file: join(folder, 'tasks.jsonl') },
      stages: [
        { method: 'grpo' },
        { referenceModels: { weak: join(folder, '../weak'), strong: 'burnish/countdown' } },
        {
          referenceModels: { weak: '/models/weak', strong: join(folder, 'strong') },
          referenceRates: { weak: 'w' },
        },
      ],
    });
  });
});
