/** Reference rates measured with a real model: between 0 and 1, the same every time, and stoppable. */
import { describe, expect, it } from 'vitest';
import { countdown } from '../../environments/index.ts';
import { measuredRates } from './references.ts';

const environment = countdown({ validationSize: 4, testSize: 4 });
const options = {
  environment,
  tasks: [0, 1, 2].map((index) => environment.task('train', index)),
  samples: 4,
  sampling: { maxTokens: 40, temperature: 1 },
  seed: 2,
};

describe('measured rates', () => {
  it('are mean scores, one a task, and repeat themselves', async () => {
    const rates = await measuredRates('burnish/countdown', options);
    expect(rates).toHaveLength(3);
    expect(rates.every((rate) => rate >= 0 && rate <= 1)).toBe(true);
    expect(await measuredRates('burnish/countdown', options)).toEqual(rates);
  });

  it('say which model cannot be read, and stop when asked', async () => {
    await expect(measuredRates('no/such/model', options)).rejects.toThrow(/no\/such\/model/);
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(measuredRates('burnish/countdown', { ...options, signal })).rejects.toThrow();
  });
});
