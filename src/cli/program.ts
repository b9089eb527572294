/** The commands and options of `burnish`; what they do is loaded when they are called, so that help is instant. */
import { Command, InvalidArgumentError, Option } from 'commander';
import type { ExitCode } from './errors.ts';
import { packageVersion } from './package.ts';

const EXIT_CODES = `
Exit codes: 0 done · 1 the run failed (full disk, read-only folder, …)
            2 wrong command line, recipe, data, model · 130 interrupted, saved

Get started: burnish quickstart · burnish init · burnish train my.jsonl`;

function whole(least: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least)
      throw new InvalidArgumentError(`Expected a whole number from ${least}.`);
    return value;
  };
}

function numberIn(least: number, most: number) {
  return (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= least && value <= most))
      throw new InvalidArgumentError(
        `Expected a number from ${least}${most === Infinity ? '' : ` to ${most}`}.`,
      );
    return value;
  };
}

const collect = (value: string, earlier: string[] | undefined) => [...(earlier ?? []), value];

/** Where the server keeps everything, unless told otherwise. */
const SERVER_DATA = '.burnish/server';

/** Options that most commands share. */
function common(command: Command): Command {
  return command
    .option('--runs <folder>', 'folder of runs, with their store (default: runs)')
    .option('--json', 'the last line on standard output is one JSON object')
    .option('--debug', 'show stack traces of errors');
}

/** Options of commands that run a model. */
function computing(command: Command): Command {
  return command
    .option('--threads <n>', 'threads for tensor programs (default: the physical cores)', (text) => {
      process.env.BURNISH_THREADS = String(whole(1)(text));
    })
    .addOption(
      new Option('--device <device>', 'where tensor programs run (default: cpu)')
        .choices(['cpu', 'webgpu'])
        .argParser((text) => {
          if (text !== 'cpu' && text !== 'webgpu')
            throw new InvalidArgumentError('Allowed choices are cpu, webgpu.');
          process.env.BURNISH_DEVICE = text;
        }),
    );
}

/** Options of commands that compute for long. */
function heavy(command: Command): Command {
  return computing(common(command)).option('-q, --quiet', 'print the final result only');
}

function sampling(command: Command): Command {
  return command
    .option('--temperature <t>', '0 picks the likeliest token', numberIn(0, Infinity))
    .option('--top-p <p>', 'sample among the likeliest tokens that reach this probability', numberIn(0, 1))
    .option('--top-k <k>', 'sample among the k likeliest tokens', whole(1))
    .option('--min-p <p>', 'drop tokens less likely than p times the likeliest', numberIn(0, 1))
    .option('--max-tokens <n>', 'most tokens of a completion', whole(1))
    .option('--stop <text>', 'text that ends a completion (repeatable)', collect)
    .option('--seed <n>', 'seed of the draw', whole(0));
}

function training(command: Command): Command {
  return heavy(command)
    .option(
      '-s, --set <key=value>',
      'change a value of the recipe, as in stages.0.steps=50 (repeatable)',
      collect,
    )
    .option('--seed <n>', 'seed of everything random', whole(0))
    .option('-o, --out <folder>', 'folder of the run (default: runs/<name>-<time>)')
    .option('--resume [run]', 'go on with a run (identifier or folder; default: the newest unfinished one)');
}

/** The command line; `done` is told the exit code of the command that ran. */
export function createProgram(done: (exitCode: ExitCode) => void): Command {
  const program = new Command('burnish')
    .description('Reinforcement fine-tuning you own: train language models on verifiable rewards.')
    .version(packageVersion(), '-v, --version')
    .addHelpText('after', EXIT_CODES)
    .showHelpAfterError('(--help shows what there is)')
    .exitOverride();

  training(program.command('quickstart'))
    .description('train a small model on countdown, from sometimes to mostly right')
    .action(async (options) =>
      done(await (await import('./commands/quickstart.ts')).quickstartCommand(options)),
    );

  training(program.command('train'))
    .description(
      'run a recipe: a built-in one (countdown, g2p, arithmetic), a .ts, .yaml or .json file, or a .jsonl file of your own tasks',
    )
    .argument('[recipe]', 'name or path')
    .option('-m, --model <folder>', "model to start from, instead of the recipe's")
    .action(async (recipe, options) =>
      done(await (await import('./commands/train.ts')).trainCommand(recipe, options)),
    );

  computing(program.command('serve'))
    .description("answer OpenAI's API: files, fine-tuning jobs, graders and chats, on this machine")
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('-p, --port <n>', 'port to listen on', whole(0), 8080)
    .option('--data <folder>', 'folder of files, jobs, models and keys', SERVER_DATA)
    .option(
      '-m, --model <name=folder>',
      'model to offer (repeatable; default: countdown, which comes along)',
      collect,
    )
    .option('--jobs <n>', 'fine-tuning jobs at a time (default: 1)', whole(1))
    .option('--max-rows <n>', 'completions that a model makes at a time (default: 64)', whole(1))
    .option('--rate-limit <n>', 'requests a key may send in a minute (default: no limit)', whole(1))
    .option('--store-all', 'keep every chat to learn from, also those that do not ask for it')
    .option('--webhook-url <url>', 'tell this address when jobs end (key: BURNISH_WEBHOOK_SECRET)')
    .option('--judge-url <url>', "OpenAI-compatible endpoint of graders' judges (default: this server)")
    .option(
      '--embedding-model <name>',
      'model that embeds texts for the grader metric cosine (default: none)',
    )
    .option(
      '--embedding-url <url>',
      'OpenAI-compatible endpoint of that model (default: this server; key: BURNISH_EMBEDDING_KEY)',
    )
    .option('--debug', 'show stack traces of errors')
    .action(async (options) => done(await (await import('./commands/serve.ts')).serveCommand(options)));

  const keys = program.command('keys').description('make, list and revoke keys of the server');
  const ofKeys = (command: Command) =>
    command
      .option('--data <folder>', "the server's folder", SERVER_DATA)
      .option('--json', 'the last line on standard output is one JSON object');
  ofKeys(keys.command('create'))
    .description('make a key and show it, this once')
    .option('--name <text>', 'what it is for')
    .option('--scopes <list>', 'of read, train, infer, admin (default: read,train,infer)')
    .action(async (options) => done(await (await import('./commands/keys.ts')).createKeyCommand(options)));
  ofKeys(keys.command('list'))
    .description('list keys, without their secrets')
    .action(async (options) => done(await (await import('./commands/keys.ts')).listKeysCommand(options)));
  ofKeys(keys.command('revoke'))
    .description('end the use of a key')
    .argument('<id>', 'as `burnish keys list` shows it')
    .action(async (id, options) =>
      done(await (await import('./commands/keys.ts')).revokeKeyCommand(id, options)),
    );

  program
    .command('migrate')
    .description('say of a job exported from OpenAI what works here, what maps to what, and what does not')
    .argument('<job.json>', "the job as OpenAI's API shows it, or a request for one")
    .option('--training <jsonl>', 'its training file, to be looked through line by line')
    .option('--validation <jsonl>', 'its validation file')
    .option('-m, --model <name>', "the server's model that takes the place of OpenAI's", 'MODEL')
    .option('-o, --out <file>', 'write the request that makes the job here')
    .option('--json', 'the last line on standard output is one JSON object')
    .option('--debug', 'show stack traces of errors')
    .action(async (job, options) =>
      done(await (await import('./commands/migrate.ts')).migrateCommand(job, options)),
    );

  heavy(program.command('eval'))
    .description("measure a run or model on held-out tasks; a run also the model it began with ('before')")
    .argument('<run|model>', 'run, model folder or shipped model (burnish/countdown)')
    .option('-e, --environment <name>', 'environment to measure on')
    .option('-r, --recipe <recipe>', "a recipe's environment and evaluation settings")
    .option('-f, --file <jsonl>', 'file of tasks to measure on')
    .option('-s, --set <key=value>', 'option of the environment, as in digits=[2,3] (repeatable)', collect)
    .addOption(new Option('--split <split>', 'tasks to try').choices(['train', 'validation', 'test']))
    .option('--tasks <n>', 'most tasks to try', whole(1))
    .option('--samples <n>', 'attempts a task', whole(1))
    .option('--temperature <t>', '0 picks the likeliest token', numberIn(0, Infinity))
    .option('--max-tokens <n>', 'most tokens of an attempt', whole(1))
    .option('--seed <n>', 'seed of the draw', whole(0))
    .option('--no-base', "do not measure the run's base model")
    .option('-o, --out <folder>', 'folder of the report (default: runs/eval-<environment>-<time>)')
    .action(async (target, options) =>
      done(await (await import('./commands/eval.ts')).evalCommand(target, options)),
    );

  sampling(computing(common(program.command('sample'))))
    .description('print completions of prompts, or of held-out tasks with their scores')
    .argument('<run|model>')
    .option(
      '-p, --prompt <text>',
      'prompt to complete (repeatable); else held-out tasks, or standard input',
      collect,
    )
    .option('--chat', "put the prompt into the model's chat template")
    .option('-e, --environment <name>', 'environment to take tasks from')
    .option('--tasks <n>', 'tasks to try', whole(1))
    .option('-n, --n <n>', 'completions a prompt', whole(1))
    .action(async (target, options) =>
      done(await (await import('./commands/sample.ts')).sampleCommand(target, options)),
    );

  sampling(computing(program.command('chat')))
    .description('talk with a model')
    .argument('<run|model>')
    .option('--system <text>', 'system message')
    .option('--runs <folder>', 'folder of runs (default: runs)')
    .option('--debug', 'show stack traces of errors')
    .action(async (target, options) =>
      done(await (await import('./commands/chat.ts')).chatCommand(target, options)),
    );

  const runs = program.command('runs').description('list, show and compare runs');
  common(runs.command('list'))
    .description('runs, newest first')
    .option('--limit <n>', 'at most this many', whole(1), 30)
    .action(async (options) => done(await (await import('./commands/runs.ts')).listRuns(options)));
  common(runs.command('show'))
    .description('one run: figures, curves, findings')
    .argument('<run>')
    .action(async (run, options) => done(await (await import('./commands/runs.ts')).showRun(run, options)));
  common(runs.command('compare'))
    .description('scores of several runs, and the settings in which they differ')
    .argument('<runs...>')
    .action(async (which, options) =>
      done(await (await import('./commands/runs.ts')).compareRuns(which, options)),
    );

  program
    .command('reproduce')
    .description("check a paper's claim on this machine: runs its arms, judges, writes a report")
    .argument('<name>', "a method's name as 'burnish papers' lists it, or a module that declares one")
    .option('--arms <names>', 'only these, joined by commas, and those they need (default: all)')
    .option('--seeds <n>', 'so many of the declared seeds (default: all)', whole(1))
    .option('-o, --out <folder>', 'results and report (default: runs/reproductions/<name>)')
    .option('--jobs <n>', 'arms at a time, each with one thread (default: the processors)', whole(1))
    .option('--keep-finished', 'keep results that other code or settings made; the report says so')
    .option('--publish', 'also write the report into docs/reproductions')
    .option('-q, --quiet', 'print the final result only')
    .option('--json', 'the last line on standard output is one JSON object')
    .option('--debug', 'show stack traces of errors')
    .action(async (name, options) =>
      done(await (await import('./commands/reproduce.ts')).reproduceCommand(name, options)),
    );

  program
    .command('papers')
    .description('every paper: method, status, verdict, figure, and what reproduces it')
    .option('--json', 'one JSON array')
    .option('--debug', 'show stack traces of errors')
    .action(async (options) => done(await (await import('./commands/papers.ts')).papersCommand(options)));

  common(program.command('export'))
    .description("write a run's weights as a Hugging Face folder")
    .argument('<run>')
    .argument('<folder>')
    .addOption(new Option('--dtype <type>', 'number format').choices(['f32', 'f16', 'bf16']).default('f32'))
    .addOption(new Option('--which <which>', 'weights').choices(['best', 'last']).default('best'))
    .option('--force', 'write into a folder that is not empty')
    .action(async (run, folder, options) =>
      done(await (await import('./commands/export.ts')).exportCommand(run, folder, options)),
    );

  program
    .command('init')
    .description('write a commented recipe')
    .argument('[file]', 'ends in .yaml or .ts (default: recipe.yaml)')
    .option('--force', 'replace the file')
    .option('--json', 'the last line on standard output is one JSON object')
    .option('--debug', 'show stack traces of errors')
    .action(async (file, options) =>
      done(await (await import('./commands/init.ts')).initCommand(file, options)),
    );

  return program;
}
