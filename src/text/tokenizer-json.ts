/** The parts of Hugging Face's tokenizer files that Burnish reads, checked with zod. */
import { z } from 'zod';

const addedToken = z.looseObject({
  id: z.number().int(),
  content: z.string(),
  special: z.boolean().optional(),
});

/** `tokenizer.json`: the fields read here; everything else is handed to the tokenizers library as it is. */
export const tokenizerJsonSchema = z.looseObject({
  added_tokens: z.array(addedToken).optional(),
  model: z.looseObject({
    type: z.string().optional(),
    vocab: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]).optional(),
  }),
});
export type TokenizerJson = z.infer<typeof tokenizerJsonSchema>;

/** A special token is written as its text, or as an object that holds it. */
const tokenName = z
  .union([z.string(), z.looseObject({ content: z.string() }), z.null()])
  .transform((token) => (token === null ? undefined : typeof token === 'string' ? token : token.content));

const namedTemplate = z.looseObject({ name: z.string(), template: z.string() });

/** `tokenizer_config.json`. Special tokens come out as text. */
export const tokenizerConfigSchema = z.looseObject({
  bos_token: tokenName.optional(),
  eos_token: tokenName.optional(),
  pad_token: tokenName.optional(),
  unk_token: tokenName.optional(),
  chat_template: z
    .union([z.string(), z.array(namedTemplate), z.null()])
    .transform((template) => {
      if (template === null || typeof template === 'string') return template ?? undefined;
      return (template.find((item) => item.name === 'default') ?? template[0])?.template;
    })
    .optional(),
});
export type TokenizerConfig = z.infer<typeof tokenizerConfigSchema>;

/** `config.json` and `generation_config.json`: only the ids that end a sequence. */
export const eosConfigSchema = z.looseObject({
  eos_token_id: z.union([z.number().int(), z.array(z.number().int()), z.null()]).optional(),
});

/** Parses a JSON file against a schema; errors name the file and the field. */
export function parseJsonFile<T>(name: string, text: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${name}: not valid JSON (${(error as Error).message})`);
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw new Error(`${name}: ${z.prettifyError(parsed.error)}`);
  return parsed.data;
}
