/** A recorded metric of a finished recipe as a curve. */
import type { Curve } from './declaration.ts';
import type { FinishedRecipe } from './run-recipe.ts';

/** The metric over steps. Throws an Error where the run recorded none of that name. */
export function curveOf({ metrics }: Pick<FinishedRecipe, 'metrics'>, metric: string): Curve {
  const series = metrics.find(({ name }) => name === metric);
  if (series === undefined || series.values.length === 0) throw new Error(`the run recorded no ${metric}`);
  return { x: series.steps, y: series.values };
}
