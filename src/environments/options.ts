/** Checks the options of environments and says clearly what is wrong with them. */
import { z } from 'zod';

/** Parses options; throws an Error that names the environment, each wrong field, its value and what was expected. */
export function parseOptions<Shape extends z.ZodRawShape>(
  name: string,
  schema: z.ZodObject<Shape>,
  options: unknown,
): z.output<z.ZodObject<Shape>> {
  const parsed = schema.safeParse(options ?? {});
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    if (issue.code === 'unrecognized_keys') {
      const keys = issue.keys.map((key) => JSON.stringify(key)).join(', ');
      return `unknown option ${keys}; the options are: ${Object.keys(schema.shape).join(', ')}`;
    }
    const value = issue.path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown>)?.[key],
      options,
    );
    const field = issue.path.map(String).join('.');
    return `${field === '' ? 'options' : `option ${field}`} is ${JSON.stringify(value)}: ${issue.message}`;
  });
  throw new Error(`environment ${name}: ${problems.join('; ')}`);
}

/** A whole-number range [least, most] within limits. */
export function rangeSchema(min: number, max: number) {
  const bound = z.number().int().min(min).max(max);
  return z
    .tuple([bound, bound])
    .refine(([least, most]) => least <= most, 'expected [least, most] with least <= most');
}

/** Sizes of the held-out splits and the seed, which every generator has. */
export const generatorOptions = {
  /** Seed of the generator: which tasks are drawn, and in which order. Splits do not depend on it. */
  seed: z.number().int().default(0),
  /** Number of validation tasks, fewer where the generator has no more. */
  validationSize: z.number().int().min(0).max(100_000).default(500),
  /** Number of test tasks, fewer where the generator has no more. */
  testSize: z.number().int().min(0).max(100_000).default(500),
};
