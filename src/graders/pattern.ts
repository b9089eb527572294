/** Regular expressions from options, without the flags that keep state between uses. */

/** A pattern as text with flags, or a RegExp. Throws an Error that names the pattern where it is malformed. */
export function compilePattern(pattern: string | RegExp, flags = ''): RegExp {
  const source = typeof pattern === 'string' ? pattern : pattern.source;
  const all = typeof pattern === 'string' ? flags : pattern.flags + flags;
  try {
    return new RegExp(source, [...new Set(all)].filter((flag) => flag !== 'g' && flag !== 'y').join(''));
  } catch (error) {
    throw new Error(`pattern ${JSON.stringify(source)}: ${(error as Error).message}`);
  }
}
