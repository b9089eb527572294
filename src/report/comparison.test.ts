/** Plots that compare arms: legends of long names take several rows. */
import { describe, expect, it } from 'vitest';
import { curvesPlot } from './comparison.ts';

/** Entries a row of the legend of curves with these names. */
function columnsOf(names: readonly string[]): unknown {
  const curves = names.map((arm) => ({ arm, x: [0, 1], y: [0, 1], role: 'mean' as const }));
  const { layer } = JSON.parse(JSON.stringify(curvesPlot(curves, { title: 'a', x: 'x', y: 'y' })));
  return layer[0].encoding.color.legend.columns;
}

describe('curves of arms', () => {
  it('have one row of short names', () => expect(columnsOf(['ppo', 'grpo', 'sft'])).toBe(3));

  it('have several rows of names that are too wide for one', () => {
    const names = ['pass-all', 'average', 'var-asce-normal', 'var-asce-rev'].map((one) => `strong-${one}`);
    expect(columnsOf(names)).toBe(3);
    expect(columnsOf(['x'.repeat(200), 'y'])).toBe(1);
  });
});
