/** What becomes of a job of OpenAI's when it is run here: what works, what is mapped, and what does not work. */
import { z } from 'zod';
import {
  type GivenGrader,
  GraderError,
  graderSchema,
  normaliseGrader,
  type SingleGrader,
  singleGraders,
} from '../../graders/openai/index.ts';
import { validationError } from '../http/api.ts';
import { methodSchema } from '../jobs/method-schema.ts';

/** `works`: as it is; `maps`: to something else, which `text` names; `ignored`: kept and without effect; `fails`. */
export interface Finding {
  kind: 'works' | 'maps' | 'ignored' | 'fails';
  /** Dotted path in the job. */
  path: string;
  text: string;
}

/** An exported job, or a request for one: what is read of it. */
const exportedJob = z.looseObject({
  model: z.string(),
  training_file: z.string().nullish(),
  validation_file: z.string().nullish(),
  suffix: z.string().nullish(),
  user_provided_suffix: z.string().nullish(),
  seed: z.number().nullish(),
  metadata: z.record(z.string(), z.unknown()).nullish(),
  integrations: z.array(z.unknown()).nullish(),
  hyperparameters: z.record(z.string(), z.unknown()).nullish(),
  method: z.looseObject({ type: z.string() }).nullish(),
});
export type ExportedJob = z.infer<typeof exportedJob>;

/** Reads an exported job. Throws an Error that says what it is not. */
export function readExportedJob(value: unknown): ExportedJob {
  const parsed = exportedJob.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Error(`it is no fine-tuning job: ${validationError(parsed.error.issues).message}`);
}

/** Python's own modules that graders are likely to use, and which are there. */
const STANDARD_MODULES = new Set(
  'abc array ast base64 bisect calendar cmath collections contextlib copy csv dataclasses datetime decimal difflib enum fractions functools hashlib heapq html io itertools json keyword locale math numbers operator os pprint random re secrets statistics string struct sys textwrap time tokenize traceback types typing unicodedata urllib uuid warnings xml zlib'.split(
    ' ',
  ),
);

/** Modules that a source imports and Python does not bring along. */
export function foreignImports(source: string): string[] {
  const names = Array.from(
    source.matchAll(/^\s*(?:from\s+([A-Za-z_]\w*)[\w.]*\s+import|import\s+(.+))/gm),
    ([, from, list]) =>
      from !== undefined ? [from] : list.split(',').map((one) => one.trim().split(/[\s.]/)[0]),
  ).flat();
  return [...new Set(names)].filter((name) => name !== '' && !STANDARD_MODULES.has(name));
}

function graderFinding(grader: SingleGrader, path: string): Finding {
  switch (grader.type) {
    case 'python': {
      const foreign = foreignImports(grader.source);
      if (foreign.length > 0)
        return {
          kind: 'fails',
          path,
          text: `the Python source imports ${foreign.join(', ')}; here it has the standard library only: rewrite it, or use an endpoint grader`,
        };
      return { kind: 'works', path, text: 'Python, in a sandbox with the standard library' };
    }
    case 'score_model':
    case 'label_model':
      return {
        kind: 'maps',
        path,
        text: `the judge '${grader.model}' is asked at --judge-url, or is a model of this server`,
      };
    case 'text_similarity':
      return grader.evaluation_metric === 'cosine'
        ? {
            kind: 'maps',
            path: `${path}.evaluation_metric`,
            text: 'cosine is that of the vectors of --embedding-model, which has to be set',
          }
        : { kind: 'works', path, text: `text similarity by ${grader.evaluation_metric}` };
    default:
      return { kind: 'works', path, text: grader.type };
  }
}

function graderFindings(given: unknown, path: string): Finding[] {
  const parsed = graderSchema.safeParse(given);
  if (!parsed.success) {
    const error = validationError(parsed.error.issues);
    return [
      { kind: 'fails', path: [path, error.details.param].filter(Boolean).join('.'), text: error.message },
    ];
  }
  try {
    const grader = normaliseGrader(parsed.data as GivenGrader);
    const findings = singleGraders(grader).map(({ path: at, grader: one }) =>
      graderFinding(one, [path, ...at].join('.')),
    );
    if (grader.type === 'multi')
      findings.unshift({
        kind: 'works',
        path,
        text: `a multi grader by the formula ${grader.calculate_output}`,
      });
    return findings;
  } catch (error) {
    if (!(error instanceof GraderError)) throw error;
    return [{ kind: 'fails', path: [path, ...error.path].join('.'), text: error.message }];
  }
}

function hyperparameterFindings(hyperparameters: Readonly<Record<string, unknown>>, path: string): Finding[] {
  const MAPPED: Record<string, string> = {
    learning_rate_multiplier: "multiplies a rate of this server's, which goes by the model's width",
    compute_multiplier: 'multiplies 8 completions a prompt',
    batch_size: 'prompts a step',
  };
  return Object.entries(hyperparameters).flatMap(([name, value]): Finding[] => {
    const at = `${path}.${name}`;
    if (value === null || value === undefined) return [];
    if (name === 'reasoning_effort')
      return [{ kind: 'ignored', path: at, text: 'models here have no levels of effort' }];
    const shown = `${name} = ${String(value)}`;
    if (value !== 'auto' && name in MAPPED)
      return [{ kind: 'maps', path: at, text: `${shown}: ${MAPPED[name]}` }];
    return [{ kind: 'works', path: at, text: shown }];
  });
}

function methodFindings(job: ExportedJob): Finding[] {
  const { method } = job;
  if (method == null)
    return [
      { kind: 'works', path: 'method', text: 'supervised, which is what no method means' },
      ...hyperparameterFindings(job.hyperparameters ?? {}, 'hyperparameters'),
    ];
  const { type } = method;
  const body = (method as Record<string, unknown>)[type];
  const own = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const findings: Finding[] = [];
  const parsed = methodSchema.safeParse({ type, [type]: withoutNulls(own) });
  if (
    !parsed.success &&
    !('grader' in own && parsed.error.issues.every(({ path }) => path.includes('grader')))
  ) {
    const error = validationError(parsed.error.issues);
    return [{ kind: 'fails', path: `method.${error.details.param ?? 'type'}`, text: error.message }];
  }
  findings.push({ kind: 'works', path: 'method.type', text: type });
  const hyperparameters = own.hyperparameters;
  if (typeof hyperparameters === 'object' && hyperparameters !== null)
    findings.push(
      ...hyperparameterFindings(hyperparameters as Record<string, unknown>, `method.${type}.hyperparameters`),
    );
  if ('grader' in own) findings.push(...graderFindings(own.grader, `method.${type}.grader`));
  if (own.response_format != null)
    findings.push({
      kind: 'works',
      path: `method.${type}.response_format`,
      text: 'what is sampled is constrained by the schema, and graders get it parsed',
    });
  return findings;
}

/** Exported jobs have nulls for what was not given. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => (inner === null ? [] : [[key, withoutNulls(inner)]])),
  );
}

/** What becomes of a job, its files aside. `model`: the model here that takes the place of OpenAI's. */
export function jobFindings(job: ExportedJob, model: string): Finding[] {
  const findings: Finding[] = [
    {
      kind: 'maps',
      path: 'model',
      text: `${job.model} is not to be had outside OpenAI: here it is '${model}'`,
    },
    ...methodFindings(job),
  ];
  const suffix = job.suffix ?? job.user_provided_suffix;
  if (suffix != null)
    findings.push({
      kind: 'works',
      path: 'suffix',
      text: `the model's name: ft:${model}:burnish:${suffix}:…`,
    });
  if (job.seed != null)
    findings.push({
      kind: 'works',
      path: 'seed',
      text: 'the same seed gives the same weights on the same machine',
    });
  if (job.metadata != null)
    findings.push({ kind: 'works', path: 'metadata', text: 'kept, and jobs can be listed by it' });
  if ((job.integrations ?? []).length > 0)
    findings.push({ kind: 'ignored', path: 'integrations', text: 'kept; nothing is sent to them' });
  return findings;
}

/** The request that makes the job here, its file ids still to be put in. */
export function requestOf(job: ExportedJob, model: string): Record<string, unknown> {
  const { method, metadata, seed, hyperparameters } = job;
  const suffix = job.suffix ?? job.user_provided_suffix;
  return {
    model,
    training_file: 'FILE_ID',
    ...(job.validation_file == null ? {} : { validation_file: 'FILE_ID' }),
    ...(suffix == null ? {} : { suffix }),
    ...(seed == null ? {} : { seed }),
    ...(metadata == null ? {} : { metadata }),
    method:
      method == null
        ? { type: 'supervised', supervised: { hyperparameters: withoutNulls(hyperparameters ?? {}) } }
        : {
            type: method.type,
            [method.type]: withoutNulls((method as Record<string, unknown>)[method.type]),
          },
  };
}
