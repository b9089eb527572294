/** A bound on logarithms of ratios, so that no exponential of them overflows. */
import { clip, type Tensor } from '../../tensor/index.ts';

/** e^20 is past any bound that a clip or a cap would put on a ratio. */
export const MAX_LOG_RATIO = 20;

/** The smaller of x and 20; no gradient beyond. There is no bound below: e^x just becomes 0. */
export function boundedLogRatio(x: Tensor): Tensor {
  return clip(x, Number.NEGATIVE_INFINITY, MAX_LOG_RATIO);
}
