/** Draws charts as SVG and PNG without a browser. Vega and resvg are loaded on first use only. */
import type { TopLevelSpec } from 'vega-lite';
import { FONT_FAMILY } from './fonts.ts';

/** Pixels of a PNG to one of the chart. */
const PNG_SCALE = 2;

/** Draws a chart as an SVG element. `name` (letters, digits and dashes) keeps its ids apart from other charts'. */
export async function renderSvg(spec: TopLevelSpec, name: string): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import('vega'), import('vega-lite')]);
  const logger = vega.logger(vega.Error);
  const { spec: compiled } = vegaLite.compile(spec, { logger });
  const view = new vega.View(vega.parse(compiled), { renderer: 'none', logger });
  try {
    const svg = await view.toSVG();
    return svg.replace(/(\bid="|url\(#)/g, `$1${name}-`);
  } finally {
    view.finalize();
  }
}

/** Draws an SVG as PNG with the given font files and the system's fonts. */
export async function renderPng(svg: string, fontFiles: string[]): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js');
  const drawing = new Resvg(svg, {
    fitTo: { mode: 'zoom', value: PNG_SCALE },
    font: {
      fontFiles,
      loadSystemFonts: true,
      ...(fontFiles.length > 0 && { defaultFontFamily: FONT_FAMILY, sansSerifFamily: FONT_FAMILY }),
    },
  });
  return drawing.render().asPng();
}
