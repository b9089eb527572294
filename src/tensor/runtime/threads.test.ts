import { afterEach, describe, expect, it } from 'vitest';
import { idleThreadsSpin, SPIN_VARIABLE } from './threads.ts';

describe('idleThreadsSpin', () => {
  const before = process.env[SPIN_VARIABLE];
  afterEach(() => {
    if (before === undefined) delete process.env[SPIN_VARIABLE];
    else process.env[SPIN_VARIABLE] = before;
  });

  it('spins on a quiet machine only', () => {
    delete process.env[SPIN_VARIABLE];
    expect(idleThreadsSpin(0)).toBe(true);
    expect(idleThreadsSpin(1e6)).toBe(false);
  });

  it('does what the variable says, whatever the load', () => {
    process.env[SPIN_VARIABLE] = '1';
    expect(idleThreadsSpin(1e6)).toBe(true);
    process.env[SPIN_VARIABLE] = '0';
    expect(idleThreadsSpin(0)).toBe(false);
  });

  it('names a bad value', () => {
    process.env[SPIN_VARIABLE] = 'yes';
    expect(() => idleThreadsSpin()).toThrow(`${SPIN_VARIABLE} must be 0 or 1, got "yes"`);
  });
});
