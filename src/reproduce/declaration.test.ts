/** Declarations that make no sense are refused with everything that is wrong; hashes follow what they should. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { defineReproduction, type Reproduction } from './declaration.ts';
import { armFingerprint, codeHash, contentHash, criteriaFingerprint } from './fingerprint.ts';
import { withNeeded } from './harness.ts';
import { reproduction as tiny } from './testing/tiny.ts';

describe('defineReproduction', () => {
  const refused = (change: Partial<Reproduction>) => () => defineReproduction({ ...tiny, ...change });

  it('lists what is wrong', () => {
    const [criterion] = tiny.criteria;
    expect(refused({ criteria: [] })).toThrow('criteria: none given');
    expect(refused({ criteria: [{ ...criterion, arm: 'none' } as typeof criterion] })).toThrow(
      "criteria[0]: there is no arm 'none'; the arms are: plain, bonus, copy",
    );
    expect(refused({ criteria: [{ ...criterion, factor: 2 } as typeof criterion] })).toThrow(
      'both by and factor',
    );
    expect(refused({ metrics: {} })).toThrow("metric 'score' is not among the metrics");
    expect(refused({ calibrationSeeds: [2] })).toThrow('2 would also be used for the verdict');
    expect(refused({ seeds: [1, 1] })).toThrow('has one twice');
    expect(refused({ name: 'A b', minutes: 0 })).toThrow(/name: 'A b'[\s\S]*minutes: 0/);
    const { bonus, copy, plain } = tiny.arms;
    expect(refused({ arms: { plain, copy, bonus } })).toThrow("'bonus' is no arm that is declared before it");
    expect(refused({ code: '/tmp/x.ts' })).toThrow('expected import.meta.url');
  });

  it('withNeeded adds the arms that others use', () => {
    expect(withNeeded(tiny, ['copy'])).toEqual(['bonus', 'copy']);
    expect(() => withNeeded(tiny, ['none'])).toThrow('there is no arm none');
  });
});

describe('fingerprints', () => {
  it('change with an arm’s settings, with those it needs, and with the unit of the budget', () => {
    const before = armFingerprint(tiny, 'copy');
    const { bonus } = tiny.arms;
    const changed = { ...tiny, arms: { ...tiny.arms, bonus: { ...bonus, settings: { gain: 0.3 } } } };
    expect(armFingerprint(changed, 'copy')).not.toBe(before);
    expect(armFingerprint(changed, 'plain')).toBe(armFingerprint(tiny, 'plain'));
    expect(armFingerprint({ ...tiny, claim: 'other words', minutes: 9 }, 'copy')).toBe(before);
    expect(armFingerprint({ ...tiny, budget: { ...tiny.budget, unit: 'steps' } }, 'copy')).not.toBe(before);
  });

  it('of criteria follow the inequality, not its words', () => {
    const [one] = tiny.criteria;
    const before = criteriaFingerprint([one]);
    expect(criteriaFingerprint([{ ...one, says: 'in other words' }])).toBe(before);
    expect(criteriaFingerprint([{ ...one, by: 0.05 } as typeof one])).not.toBe(before);
  });

  it('of code follow every source beside reproduction.ts, but for tests', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'burnish-code-'));
    try {
      const at = (name: string) => join(folder, name);
      await mkdir(at('parts'));
      for (const name of ['reproduction.ts', 'parts/a.ts', 'a.test.ts']) await writeFile(at(name), '1');
      const url = pathToFileURL(at('reproduction.ts')).href;
      const before = codeHash(url);
      await writeFile(at('a.test.ts'), '2');
      await writeFile(at('notes.md'), '2');
      expect(codeHash(url)).toBe(before);
      await writeFile(at('parts/a.ts'), '2');
      expect(codeHash(url)).not.toBe(before);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('of content do not depend on the order of keys', () => {
    expect(contentHash({ a: 1, b: { c: 2, d: 3 } })).toBe(contentHash({ b: { d: 3, c: 2 }, a: 1 }));
    expect(contentHash([1, 2])).not.toBe(contentHash([2, 1]));
  });
});
