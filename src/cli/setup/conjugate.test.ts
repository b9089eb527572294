/** `environment.conjugate` in recipes: any environment asked through a named transformation. */
import { describe, expect, it } from 'vitest';
import { makeEnvironment } from './environment.ts';

describe('environment.conjugate', () => {
  it('asks the same tasks otherwise', async () => {
    const { environment: plain } = await makeEnvironment({ name: 'arithmetic' });
    const { environment: through } = await makeEnvironment({ name: 'arithmetic', conjugate: 'leetspeak' });
    const [a, b] = [plain.task('test', 0), through.task('test', 0)];
    expect(b.id).toBe(a.id);
    expect(b.prompt).not.toBe(a.prompt);
    expect(b.data).toEqual(a.data);
  });

  it('names the transformations there are', async () => {
    await expect(makeEnvironment({ name: 'arithmetic', conjugate: 'leet' })).rejects.toThrow(
      /environment.conjugate: unknown transformation 'leet'.*leetspeak, rot13, swap-case/,
    );
  });
});
