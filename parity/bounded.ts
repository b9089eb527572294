/** A difference that was found, and the largest one allowed. */

export interface Bounded {
  difference: number;
  tolerance: number;
}

/** The one of two that is nearer to failing; a difference that is no number has failed. */
export function nearer(a: Bounded | undefined, b: Bounded | undefined): Bounded | undefined {
  if (!a || !b) return a ?? b;
  const share = ({ difference, tolerance }: Bounded) =>
    Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference / tolerance;
  return share(b) > share(a) ? b : a;
}
