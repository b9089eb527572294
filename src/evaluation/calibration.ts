/** Whether stated confidences come true. */

function checkPairs(name: string, confidences: readonly number[], outcomes: readonly (0 | 1)[]): void {
  if (confidences.length !== outcomes.length || confidences.length === 0)
    throw new RangeError(
      `${name}: ${confidences.length} confidences and ${outcomes.length} outcomes, expected as many and at least one`,
    );
  const wrong = confidences.find((p) => !(p >= 0 && p <= 1));
  if (wrong !== undefined) throw new RangeError(`${name}: confidence is ${wrong}, expected 0..1`);
  const odd = outcomes.find((y) => y !== 0 && y !== 1);
  if (odd !== undefined) throw new RangeError(`${name}: outcome is ${odd}, expected 0 or 1`);
}

/** Mean squared distance of confidence and outcome, in [0, 1], 0 best (Brier 1950, for two classes). */
export function brierScore(confidences: readonly number[], outcomes: readonly (0 | 1)[]): number {
  checkPairs('brierScore', confidences, outcomes);
  return confidences.reduce((sum, p, i) => sum + (p - outcomes[i]) ** 2, 0) / confidences.length;
}

/** Predictions of like confidence. */
export interface CalibrationBin {
  count: number;
  /** Mean confidence. */
  confidence: number;
  /** Share that came true. */
  accuracy: number;
}

/**
 * Bins of a reliability diagram, empty ones left out: `bins` of equal width over [0, 1], or of equal count where
 * `by` is 'count' (sorted by confidence; ties may be split). Throws a RangeError on lists of different lengths,
 * confidences outside [0, 1], or `bins` below 1.
 */
export function calibrationBins(
  confidences: readonly number[],
  outcomes: readonly (0 | 1)[],
  { bins = 10, by = 'width' }: { bins?: number; by?: 'width' | 'count' } = {},
): CalibrationBin[] {
  checkPairs('calibrationBins', confidences, outcomes);
  if (!Number.isInteger(bins) || bins < 1)
    throw new RangeError(`calibrationBins: bins is ${bins}, expected an integer of at least 1`);
  const members: number[][] = Array.from({ length: bins }, () => []);
  const n = confidences.length;
  if (by === 'width')
    confidences.forEach((p, i) => {
      members[Math.min(bins - 1, Math.floor(p * bins))].push(i);
    });
  else {
    const order = confidences.map((_, i) => i).sort((i, j) => confidences[i] - confidences[j]);
    order.forEach((i, rank) => {
      members[Math.floor((rank * bins) / n)].push(i);
    });
  }
  const average = (list: number[], of: readonly number[]) =>
    list.reduce((sum, i) => sum + of[i], 0) / list.length;
  return members
    .filter((list) => list.length > 0)
    .map((list) => ({
      count: list.length,
      confidence: average(list, confidences),
      accuracy: average(list, outcomes),
    }));
}

/**
 * Expected calibration error, in [0, 1]: Σ_bins (count / n) |accuracy - confidence| (Naeini et al. 2015; Guo et al. 2017,
 * equation 3). It depends on the binning, so compare only like with like; `brierScore` does not. Throws as
 * `calibrationBins` does.
 */
export function expectedCalibrationError(
  confidences: readonly number[],
  outcomes: readonly (0 | 1)[],
  options: { bins?: number; by?: 'width' | 'count' } = {},
): number {
  return calibrationBins(confidences, outcomes, options).reduce(
    (sum, bin) => sum + (bin.count / confidences.length) * Math.abs(bin.accuracy - bin.confidence),
    0,
  );
}
