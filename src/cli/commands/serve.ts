/** `burnish serve`: OpenAI's API for fine-tuning and chats, on this machine. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import pino from 'pino';
import { startServer } from '../../server/index.ts';
import { modelFolderOf, SHIPPED_PREFIX } from '../../training/index.ts';
import { CliError, EXIT, type ExitCode } from '../errors.ts';
import { onInterrupt } from '../interrupts.ts';
import { Terminal } from '../output/terminal.ts';
import { packageVersion } from '../package.ts';

export interface ServeCommandOptions {
  host: string;
  port: number;
  data: string;
  /** `name=folder`, or a folder whose name is the model's. */
  model?: string[];
  jobs?: number;
  maxRows?: number;
  rateLimit?: number;
  judgeUrl?: string;
  embeddingModel?: string;
  embeddingUrl?: string;
  webhookUrl?: string;
  storeAll?: boolean;
  quiet?: boolean;
  json?: boolean;
}

/** Models that the server offers when none are named: those that come with Burnish. */
const SHIPPED = ['countdown'];

/** Folders by name. Throws a CliError where a folder holds no model or a name comes twice. */
export function modelsOf(given: readonly string[] | undefined): Map<string, string> {
  const models = new Map<string, string>();
  for (const one of given ?? SHIPPED.map((name) => `${name}=${SHIPPED_PREFIX}${name}`)) {
    const cut = one.indexOf('=');
    const place = cut < 0 ? one : one.slice(cut + 1);
    const folder = resolve(modelFolderOf(place));
    const name = cut < 0 ? basename(folder) : one.slice(0, cut);
    if (name === '' || place === '') throw new CliError(`--model ${one}: expected name=folder, or a folder`);
    if (!existsSync(join(folder, 'config.json')))
      throw new CliError(
        `--model ${one}: there is no config.json in ${folder}: expected a Hugging Face model folder`,
      );
    if (models.has(name)) throw new CliError(`--model ${one}: the name ${name} is taken`);
    models.set(name, folder);
  }
  return models;
}

export async function serveCommand(options: ServeCommandOptions): Promise<ExitCode> {
  const terminal = new Terminal(options);
  const models = modelsOf(options.model);
  const folder = resolve(options.data);
  const {
    BURNISH_JUDGE_KEY: judgeKey,
    BURNISH_EMBEDDING_KEY: embeddingKey,
    BURNISH_WEBHOOK_SECRET: secret,
    DATABASE_URL: database,
  } = process.env;
  if (options.webhookUrl !== undefined && !secret)
    throw new CliError(
      '--webhook-url: set BURNISH_WEBHOOK_SECRET, which the receiver checks signatures with',
    );
  const { embeddingModel, embeddingUrl } = options;
  if (embeddingUrl !== undefined && embeddingModel === undefined)
    throw new CliError('--embedding-url: say which of its models with --embedding-model');
  if (embeddingModel !== undefined && embeddingUrl === undefined && !models.has(embeddingModel))
    throw new CliError(
      `--embedding-model ${embeddingModel}: expected a model of this server (${[...models.keys()].join(', ')}), or also --embedding-url`,
    );
  const server = await startServer({
    folder,
    database,
    host: options.host,
    port: options.port,
    models,
    jobs: options.jobs,
    maxRows: options.maxRows,
    requestsPerMinute: options.rateLimit,
    judge: options.judgeUrl === undefined ? undefined : { url: options.judgeUrl, key: judgeKey ?? '' },
    embedding:
      embeddingModel === undefined
        ? undefined
        : {
            model: embeddingModel,
            endpoint: embeddingUrl === undefined ? undefined : { url: embeddingUrl, key: embeddingKey ?? '' },
          },
    webhook: options.webhookUrl === undefined ? undefined : { url: options.webhookUrl, secret: secret ?? '' },
    storeAll: options.storeAll,
    log: pino({ base: undefined }, pino.destination(2)),
    version: packageVersion(),
  });
  const isNew = (await server.keys.list()).length === 0;
  const { style } = terminal;
  terminal.print(`${style.bold('Burnish')} listens on ${style.cyan(`${server.url}/v1`)}`);
  terminal.print(`Models: ${[...models.keys()].join(', ')}. Data: ${folder}.`);
  if (isNew) {
    const { secret } = await server.keys.create('first key', ['admin']);
    terminal.print('A first key was made. It is shown this once:');
    terminal.print(`  ${style.green(secret)}`);
    terminal.print('Further ones: burnish keys create.');
  } else terminal.print('Keys: burnish keys list.');
  const interrupts = onInterrupt(() =>
    terminal.remark('Stopping: requests are finished, jobs saved. Ctrl-C again stops at once.'),
  );
  await new Promise<void>((stop) => interrupts.signal.addEventListener('abort', () => stop()));
  await server.close();
  interrupts.release();
  return EXIT.ok;
}
