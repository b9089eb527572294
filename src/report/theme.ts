/** The colours of the report, for light and dark screens. */

/** A colour with its counterpart on a dark screen. Charts are drawn with the light ones; CSS swaps them. */
interface Colour {
  light: string;
  dark: string;
}

export const COLOURS = {
  page: { light: '#f7f7f5', dark: '#121316' },
  card: { light: '#ffffff', dark: '#1a1c20' },
  ink: { light: '#1d1f24', dark: '#e8e8ea' },
  muted: { light: '#5f636d', dark: '#a0a4ae' },
  line: { light: '#e3e3df', dark: '#2f3239' },
  axis: { light: '#c4c5c3', dark: '#4a4e57' },
  good: { light: '#1b7a4b', dark: '#6cc495' },
  bad: { light: '#b3372f', dark: '#f0918a' },
  warn: { light: '#8a5a00', dark: '#e0b45c' },
  series0: { light: '#2b5fd0', dark: '#82a8ff' },
  series1: { light: '#c2571a', dark: '#f2a06b' },
  series2: { light: '#1d8a70', dark: '#63cbb2' },
  series3: { light: '#8350b8', dark: '#c3a0ee' },
  series4: { light: '#a37c07', dark: '#dcc063' },
  series5: { light: '#a8386f', dark: '#ee92bd' },
} as const satisfies Record<string, Colour>;

export type ColourName = keyof typeof COLOURS;

/** Colour names of series in their order; longer lists start over. */
export const SERIES = ['series0', 'series1', 'series2', 'series3', 'series4', 'series5'] as const;

/** Colour name of series number i. */
export function seriesColour(i: number): ColourName {
  return SERIES[i % SERIES.length];
}

/** CSS: the colours as variables of either scheme, and charts drawn in light colours tied to them. */
export function colourRules(): string {
  const names = Object.keys(COLOURS) as ColourName[];
  const variables = (scheme: keyof Colour) =>
    names.map((name) => `--${name}: ${COLOURS[name][scheme]};`).join(' ');
  const swaps = names.flatMap((name) =>
    ['fill', 'stroke'].map(
      (part) => `.chart [${part}="${COLOURS[name].light}"] { ${part}: var(--${name}); }`,
    ),
  );
  return [
    `:root { color-scheme: light dark; ${variables('light')} }`,
    `@media (prefers-color-scheme: dark) { :root { ${variables('dark')} } }`,
    ...swaps,
  ].join('\n');
}
