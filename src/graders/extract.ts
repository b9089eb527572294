/** Takes the part of a completion that a grader looks at. */

/** The answer within a completion, or undefined where there is none. */
export type Extract = (completion: string) => string | undefined;

/** Text after the last occurrence of `marker`, trimmed; undefined where the marker is missing. */
export function afterMarker(marker: string): Extract {
  if (marker === '') throw new Error('afterMarker: the marker is empty, expected at least one character');
  return (completion) => {
    const at = completion.lastIndexOf(marker);
    return at < 0 ? undefined : completion.slice(at + marker.length).trim();
  };
}

/** The whole completion, trimmed. */
export const wholeCompletion: Extract = (completion) => completion.trim();

const NUMBER = /(?:(?<![\d.)])[-+])?(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)?(?:\.\d+|(?<=\d))(?:[eE][-+]?\d+)?/g;

/**
 * The last number written in a text: an integer or a decimal, with an optional sign, thousands commas and exponent.
 * A minus sign that follows a digit or a closing parenthesis is an operation, not a sign.
 */
export const lastNumber: Extract = (completion) => {
  const all = completion.match(NUMBER)?.filter((text) => /\d/.test(text));
  return all?.at(-1);
};
