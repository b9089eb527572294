/** What is said of exported jobs. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { methodSchema } from '../jobs/method-schema.ts';
import { checkDataset } from './check-dataset.ts';
import { foreignImports, jobFindings, readExportedJob, requestOf } from './findings.ts';

const folder = mkdtempSync(join(tmpdir(), 'burnish-migrate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const job = {
  object: 'fine_tuning.job',
  id: 'ftjob-abc',
  model: 'o4-mini-2025-04-16',
  training_file: 'file-1',
  validation_file: 'file-2',
  seed: 42,
  metadata: { team: 'a' },
  integrations: [{ type: 'wandb', wandb: { project: 'p' } }],
  user_provided_suffix: 'mine',
  method: {
    type: 'reinforcement',
    supervised: null,
    reinforcement: {
      hyperparameters: {
        n_epochs: 'auto',
        compute_multiplier: 2,
        reasoning_effort: 'medium',
        eval_samples: null,
      },
      response_format: null,
      grader: {
        type: 'multi',
        name: 'm',
        graders: {
          code: {
            type: 'python',
            name: 'code',
            source: 'import numpy as np, re\nfrom rapidfuzz import fuzz\ndef grade(s, i): return 1',
          },
          judge: {
            type: 'score_model',
            name: 'judge',
            model: 'gpt-4o',
            input: [{ role: 'user', content: '{{item.q}}' }],
          },
          exact: {
            type: 'string_check',
            name: 'exact',
            input: '{{sample.output_text}}',
            reference: '{{item.answer}}',
            operation: 'eq',
          },
        },
        calculate_output: '0.5 * code + 0.5 * judge * exact',
      },
    },
  },
};

const kindsOf = (given: unknown) =>
  Object.fromEntries(jobFindings(readExportedJob(given), 'mine').map(({ path, kind }) => [path, kind]));

describe('a job', () => {
  it('is told part by part', () => {
    expect(kindsOf(job)).toEqual({
      model: 'maps',
      'method.type': 'works',
      'method.reinforcement.hyperparameters.n_epochs': 'works',
      'method.reinforcement.hyperparameters.compute_multiplier': 'maps',
      'method.reinforcement.hyperparameters.reasoning_effort': 'ignored',
      'method.reinforcement.grader': 'works',
      'method.reinforcement.grader.graders.code': 'fails',
      'method.reinforcement.grader.graders.judge': 'maps',
      'method.reinforcement.grader.graders.exact': 'works',
      suffix: 'works',
      seed: 'works',
      metadata: 'works',
      integrations: 'ignored',
    });
  });

  it('becomes a request that the server takes', () => {
    const { method, ...rest } = requestOf(readExportedJob(job), 'mine');
    expect(rest).toEqual({
      model: 'mine',
      training_file: 'FILE_ID',
      validation_file: 'FILE_ID',
      suffix: 'mine',
      seed: 42,
      metadata: { team: 'a' },
    });
    expect(methodSchema.safeParse(method).success).toBe(true);
  });

  it('with a broken grader is told where', () => {
    const grader = { ...job.method.reinforcement.grader, calculate_output: 'code +' };
    const broken = { ...job, method: { type: 'reinforcement', reinforcement: { grader } } };
    expect(kindsOf(broken)['method.reinforcement.grader.calculate_output']).toBe('fails');
  });

  it('without a method is supervised', () => {
    const kinds = kindsOf({
      model: 'gpt-4o',
      training_file: 'f',
      hyperparameters: { n_epochs: 3, batch_size: 'auto' },
    });
    expect(kinds).toEqual({
      model: 'maps',
      method: 'works',
      'hyperparameters.n_epochs': 'works',
      'hyperparameters.batch_size': 'works',
    });
  });

  it('of a kind that is not known fails', () => {
    expect(kindsOf({ model: 'x', method: { type: 'magic', magic: {} } })['method.type']).toBe('fails');
  });

  it('must be one', () =>
    expect(() => readExportedJob({ hello: 1 })).toThrow(
      /no fine-tuning job: Missing required parameter: 'model'/,
    ));
});

it('imports that Python does not bring along are found', () => {
  expect(
    foreignImports(
      'import re\nimport numpy.linalg as l, json\nfrom os import path\n  from sympy import x\n# import y',
    ),
  ).toEqual(['numpy', 'sympy']);
});

it('files are looked through line by line, with the grader in mind', async () => {
  const file = join(folder, 'data.jsonl');
  const good = { messages: [{ role: 'user', content: 'x' }], q: 'q', answer: 'a' };
  const lines = [good, good, { ...good, answer: undefined }, { messages: [] }];
  writeFileSync(file, lines.map((line) => JSON.stringify(line)).join('\n'));
  const findings = await checkDataset(file, 'reinforcement', 'training_file', readExportedJob(job));
  expect(findings.map(({ kind }) => kind)).toEqual(['fails', 'works', 'maps']);
  expect(findings[0].text).toMatch(/^2 lines cannot be used: line 3: .*'item.answer'.*; line 4: messages/);
});
