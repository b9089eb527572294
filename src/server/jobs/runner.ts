/** Runs jobs: takes them from the queue, follows their workers, and leaves each in the right state whatever happens. */
import { join } from 'node:path';
import type { Logger } from 'pino';
import { exitText, type WorkerExit } from '../../processes/index.ts';
import type { Files } from '../files/files.ts';
import type { EmbeddingEndpoint } from '../grading/embed.ts';
import type { Endpoint } from '../grading/endpoint.ts';
import { nowSeconds } from '../ids.ts';
import type { ServerMetrics } from '../metrics.ts';
import type { Models } from '../models/models.ts';
import type { ModelNames } from '../models/names.ts';
import { isOver, type Job, ORGANISATION } from './job.ts';
import type { Jobs } from './jobs.ts';
import { burnishOf } from './method-schema.ts';
import { prepareJob } from './prepare-job.ts';
import { cancelled, paused, resumed } from './transitions.ts';
import type { CheckpointMetrics, FromWorker } from './worker-messages.ts';
import { type JobWorker, startWorker } from './worker-process.ts';

export interface RunnerOptions {
  jobs: Jobs;
  files: Files;
  models: Models;
  names: ModelNames;
  metrics: ServerMetrics;
  log: Logger;
  /** Folder with one folder a job. */
  folder: string;
  /** Jobs at a time. */
  concurrency: number;
  /** Where graders' judges are asked; undefined: nowhere. */
  judge(): Endpoint | null;
  /** The database that keeps judges' answers; null: they are not kept. */
  answers: string | null;
  /** Who embeds for graders; null: nobody. */
  embedder(): EmbeddingEndpoint | null;
}

/** Times a job whose worker died is taken up again. */
const MOST_CRASHES = 3;
/** Checkpoints that a job keeps, by held-out reward where it has one, else the latest. */
const KEPT_CHECKPOINTS = 3;

interface Sitting {
  number: number;
  worker: JobWorker;
  /** What the worker's last word was. */
  end?: 'finished' | 'stopped' | 'failed';
  /** Work on its messages, one after the other. */
  done: Promise<void>;
}

/** The queue of jobs. */
export class JobRunner {
  private readonly options: RunnerOptions;
  private readonly sittings = new Map<string, Sitting>();
  private readonly preparing = new Set<string>();
  private readonly crashes = new Map<string, number>();
  private closing = false;
  private turn: Promise<void> = Promise.resolve();

  constructor(options: RunnerOptions) {
    this.options = options;
  }

  /** Takes up what an earlier server left: running jobs go back into the queue and go on from their snapshots. */
  async open(): Promise<void> {
    const { jobs } = this.options;
    for (const { id } of await jobs.inState('running')) {
      await jobs.update(id, (job) => (job.status === 'running' ? { ...job, status: 'queued' } : undefined));
      await jobs.tell(id, {
        key: `server restarted ${nowSeconds()}`,
        message: 'The server was restarted; the job goes on.',
      });
    }
    for (const { id } of await jobs.inState('validating_files')) this.prepare(id);
    this.wake();
  }

  /** Adds a new job, and sees to its files. */
  async submit(job: Job): Promise<void> {
    const { jobs } = this.options;
    await jobs.add(job);
    await jobs.tell(
      job.id,
      { key: 'created', message: `Created fine-tuning job: ${job.id}` },
      { key: 'validating', message: `Validating training file: ${job.training_file}` },
    );
    this.prepare(job.id);
  }

  async cancel(id: string): Promise<Job> {
    const job = await this.options.jobs.update(id, cancelled);
    await this.options.jobs.tell(id, { key: 'cancelled', message: 'The job was cancelled.' });
    this.options.metrics.jobs.inc({ status: 'cancelled' });
    this.sittings.get(id)?.worker.stop();
    return job;
  }

  async pause(id: string): Promise<Job> {
    const job = await this.options.jobs.update(id, paused);
    await this.options.jobs.tell(id, { key: `paused ${job.sitting}`, message: 'The job was paused.' });
    this.sittings.get(id)?.worker.stop();
    return job;
  }

  async resume(id: string): Promise<Job> {
    const before = await this.options.jobs.get(id);
    // Paused before its files were seen to: that is what it goes on with.
    const fresh = before.sitting === 0 && !(await this.isPrepared(id));
    const job = await this.options.jobs.update(id, (one) =>
      fresh ? { ...resumed(one), status: 'validating_files' } : resumed(one),
    );
    await this.options.jobs.tell(id, { key: `resumed ${job.sitting}`, message: 'The job was resumed.' });
    if (fresh) this.prepare(id);
    this.wake();
    return job;
  }

  /** Stops all workers, which save what can be gone on with, and waits for them. */
  async close(): Promise<void> {
    this.closing = true;
    await this.turn;
    for (const { worker } of this.sittings.values()) worker.stop();
    await Promise.all(
      [...this.sittings.values()].map(async ({ worker, done }) => {
        await worker.ended;
        await done;
      }),
    );
  }

  private async isPrepared(id: string): Promise<boolean> {
    return (await this.options.jobs.history(id)).some(({ message }) => message.startsWith('Files validated'));
  }

  /** Checks a job's files, and puts it in the queue. */
  private prepare(id: string): void {
    if (this.preparing.has(id)) return;
    this.preparing.add(id);
    const work = async () => {
      const { jobs, files, models } = this.options;
      try {
        const job = await jobs.get(id);
        const { problem, warnings, method, facts } = await prepareJob(job, models, files);
        for (const message of warnings)
          await jobs.tell(id, { key: `warning ${message}`, message, level: 'warn' });
        if (problem !== undefined) {
          await this.fail(id, { code: 'invalid_training_file', ...problem });
          return;
        }
        await jobs.tell(id, {
          key: 'validated',
          message: `Files validated: ${facts.items} examples, moving job to queued state`,
        });
        await jobs.update(id, (one) =>
          one.status === 'validating_files'
            ? { ...one, method, status: 'queued' }
            : one.status === 'paused'
              ? { ...one, method }
              : undefined,
        );
      } catch (error) {
        this.options.log.error({ job: id, error: (error as Error).stack }, 'validating a job failed');
        await this.fail(id, { code: 'server_error', message: (error as Error).message, param: null });
      } finally {
        this.preparing.delete(id);
      }
      this.wake();
    };
    void work();
  }

  /** Starts as many queued jobs as there is room for. */
  wake(): void {
    this.turn = this.turn
      .then(async () => {
        if (this.closing) return;
        const { jobs, concurrency } = this.options;
        for (const { id } of await jobs.inState('queued')) {
          if (this.sittings.size >= concurrency) return;
          // The worker of an earlier sitting may still be saving.
          if (!this.sittings.has(id)) await this.start(id);
        }
      })
      .catch((error: Error) => this.options.log.error({ error: error.stack }, 'starting a job failed'));
  }

  private async start(id: string): Promise<void> {
    const { jobs, metrics, models, files, folder, log } = this.options;
    const prepared = await prepareJob(await jobs.get(id), models, files);
    if (prepared.problem !== undefined) {
      await this.fail(id, { code: 'invalid_training_file', ...prepared.problem });
      return;
    }
    const job = await jobs.update(id, (one) =>
      one.status === 'queued'
        ? { ...one, status: 'running', sitting: one.sitting + 1, error: null }
        : undefined,
    );
    if (job.status !== 'running') return;
    await jobs.tell(id, {
      key: `started ${job.sitting}`,
      message: job.sitting === 1 ? 'Fine-tuning job started' : 'Fine-tuning job goes on',
    });
    const spec = prepared.spec(join(folder, id), {
      judge: this.options.judge(),
      answers: this.options.answers,
      embedder: this.options.embedder(),
    });
    const sitting: Sitting = {
      number: job.sitting,
      worker: startWorker(spec, (message) => {
        sitting.done = sitting.done
          .then(() => this.hear(job, sitting, message))
          .catch((error: Error) =>
            log.error({ job: id, error: error.stack }, 'a message of a worker could not be kept'),
          );
      }),
      done: Promise.resolve(),
    };
    this.sittings.set(id, sitting);
    metrics.runningJobs.set(this.sittings.size);
    void sitting.worker.ended
      .then(async (exit) => {
        await sitting.done;
        this.sittings.delete(id);
        metrics.runningJobs.set(this.sittings.size);
        await this.afterExit(id, sitting, exit);
        this.wake();
      })
      .catch((error: Error) =>
        log.error({ job: id, error: error.stack }, 'the end of a worker could not be kept'),
      );
  }

  private async hear(job: Job, sitting: Sitting, message: FromWorker): Promise<void> {
    const { jobs } = this.options;
    const { id } = job;
    switch (message.kind) {
      case 'event':
        await jobs.tell(id, message);
        return;
      case 'progress':
        await jobs.update(id, (one) =>
          one.status !== 'running'
            ? undefined
            : {
                ...one,
                estimated_finish:
                  message.secondsLeft === null ? null : nowSeconds() + Math.ceil(message.secondsLeft),
              },
        );
        return;
      case 'checkpoint':
        await this.addCheckpoint(job, message.step, message.folder, message.metrics);
        return;
      case 'finished':
        sitting.end = 'finished';
        await this.finish(job, message);
        return;
      case 'stopped':
        sitting.end = 'stopped';
        return;
      case 'failed':
        sitting.end = 'failed';
        await this.fail(id, message);
        return;
    }
  }

  private modelName({ model, user_provided_suffix: suffix, id }: Job): string {
    return `ft:${model}:${ORGANISATION}:${suffix ?? ''}:${id.slice('ftjob-'.length, 'ftjob-'.length + 8)}`;
  }

  private async addCheckpoint(
    job: Job,
    step: number,
    folder: string,
    metrics: CheckpointMetrics,
  ): Promise<void> {
    const { jobs, models } = this.options;
    const name = `${this.modelName(job)}:ckpt-step-${step}`;
    await models.add({
      id: name,
      created: nowSeconds(),
      owned_by: ORGANISATION,
      burnish: { base: job.model, job: job.id, step },
      folder,
    });
    await jobs.addCheckpoint(job.id, { fine_tuned_model_checkpoint: name, step_number: step, metrics });
    await jobs.tell(job.id, {
      key: `checkpoint ${step}`,
      message: `Checkpoint created at step ${step} with Snapshot ID: ${name}`,
    });
    await this.serve(job, name);
    await this.pruneCheckpoints(job.id);
  }

  /** Lets the alias that a job was given stand for one of its models. */
  private async serve({ id, method }: Job, model: string): Promise<void> {
    const { names, jobs, log } = this.options;
    const { serve_as: alias } = burnishOf(method);
    if (alias === undefined) return;
    try {
      const { version } = await names.point(alias, model);
      await jobs.tell(id, { key: `alias ${model}`, message: `${alias} is ${model} now, version ${version}` });
    } catch (error) {
      log.error({ job: id, error: (error as Error).stack }, 'an alias could not be moved');
      await jobs.tell(id, {
        key: `alias ${model}`,
        level: 'warn',
        message: `${alias} could not be moved to ${model}: ${(error as Error).message}`,
      });
    }
  }

  private async pruneCheckpoints(id: string): Promise<void> {
    const { jobs, models, names } = this.options;
    const all = await jobs.allCheckpoints(id);
    const worth = ({ metrics, step_number }: (typeof all)[number]) => [
      metrics.valid_reward_mean ?? 0,
      step_number,
    ];
    const ranked = all.sort((a, b) => {
      const [[scoreA, stepA], [scoreB, stepB]] = [worth(a), worth(b)];
      return scoreB - scoreA || stepB - stepA;
    });
    for (const checkpoint of ranked.slice(KEPT_CHECKPOINTS)) {
      if ((await names.aliases.of(checkpoint.fine_tuned_model_checkpoint)).length > 0) continue;
      await jobs.removeCheckpoint(checkpoint);
      await models.remove(checkpoint.fine_tuned_model_checkpoint).catch(() => undefined);
    }
  }

  private async finish(job: Job, message: Extract<FromWorker, { kind: 'finished' }>): Promise<void> {
    const { jobs, models, files, metrics } = this.options;
    const name = this.modelName(job);
    const results = await files.write(message.results, {
      filename: `step_metrics-${job.id}.csv`,
      purpose: 'fine-tune-results',
    });
    await models.add({
      id: name,
      created: nowSeconds(),
      owned_by: ORGANISATION,
      burnish: { base: job.model, job: job.id, step: null },
      folder: message.folder,
    });
    const after = await jobs.update(job.id, (one) =>
      isOver(one)
        ? undefined
        : {
            ...one,
            status: 'succeeded',
            finished_at: nowSeconds(),
            estimated_finish: null,
            fine_tuned_model: name,
            trained_tokens: message.trainedTokens,
            result_files: [results.id],
          },
    );
    if (after.status !== 'succeeded') return;
    await jobs.tell(
      job.id,
      { key: 'model', message: `New fine-tuned model created: ${name}` },
      { key: 'succeeded', message: 'The job has successfully completed' },
    );
    metrics.jobs.inc({ status: 'succeeded' });
    await this.serve(job, name);
    await this.pruneCheckpoints(job.id);
  }

  private async fail(
    id: string,
    { code, message, param }: { code: string; message: string; param: string | null },
  ): Promise<void> {
    const { jobs, metrics } = this.options;
    const job = await jobs.update(id, (one) =>
      isOver(one)
        ? undefined
        : {
            ...one,
            status: 'failed',
            finished_at: nowSeconds(),
            estimated_finish: null,
            error: { code, message, param },
          },
    );
    if (job.error?.message !== message) return;
    await jobs.tell(id, {
      key: `failed ${job.sitting}`,
      message: `The job failed: ${message}`,
      level: 'error',
    });
    metrics.jobs.inc({ status: 'failed' });
  }

  /** What a job whose worker is gone does next. */
  private async afterExit(id: string, { end, number }: Sitting, exit: WorkerExit): Promise<void> {
    const { jobs } = this.options;
    const job = await jobs.get(id);
    if (job.status !== 'running' || job.sitting !== number) return;
    if (end === 'stopped' || this.closing) {
      // The server is going down: the next one takes it up again.
      await jobs.update(id, (one) => (one.status === 'running' ? { ...one, status: 'queued' } : undefined));
      return;
    }
    const crashes = (this.crashes.get(id) ?? 0) + 1;
    this.crashes.set(id, crashes);
    const how = exitText(exit);
    if (crashes > MOST_CRASHES) {
      await this.fail(id, {
        code: 'worker_crashed',
        message: `its process ${how}, ${crashes} times; see worker.log in the job's folder`,
        param: null,
      });
      return;
    }
    await jobs.tell(id, {
      key: `crash ${number}`,
      message: `The job's process ${how}; it goes on from its last snapshot.`,
      level: 'warn',
    });
    await jobs.update(id, (one) => (one.status === 'running' ? { ...one, status: 'queued' } : undefined));
  }
}
