import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'bench/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // Two workers at once on small machines: each with one thread, so that they do not wait for one another's.
    env: { BURNISH_THREADS: '1' },
  },
});
