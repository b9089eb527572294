/** Jobs, their events and their checkpoints. */
import { createHash } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { type Page, Records } from '../database/records.ts';
import { notFound } from '../errors.ts';
import { nowSeconds } from '../ids.ts';
import type { Checkpoint, Job, JobEvent, JobStatus } from './job.ts';

/** An event as it happens. Its key names it within the job: the same one told twice is kept once. */
export interface NewJobEvent {
  key: string;
  message: string;
  level?: JobEvent['level'];
  type?: JobEvent['type'];
  data?: Record<string, unknown>;
}

export interface JobListOptions {
  after?: string;
  limit: number;
  /** Pairs that a job's metadata must have; null: jobs without metadata. */
  metadata?: Readonly<Record<string, string>> | null;
}

/** Keeps jobs. */
export class Jobs {
  private readonly jobs: Records<Job>;
  private readonly events: Records<JobEvent>;
  private readonly checkpoints: Records<Checkpoint>;
  /** Hears of every change of a job. */
  onChange: (job: Job) => void = () => undefined;

  constructor(database: Database) {
    this.jobs = new Records(database, 'job');
    this.events = new Records(database, 'job event');
    this.checkpoints = new Records(database, 'job checkpoint');
  }

  async add(job: Job): Promise<void> {
    await this.jobs.add({ id: job.id, body: job });
  }

  /** Throws a 404 where there is no such job. */
  async get(id: string): Promise<Job> {
    const job = await this.jobs.get(id);
    if (job === undefined) throw notFound('fine-tuning job', id, 'fine_tuning_job_id');
    return job;
  }

  /** Replaces a job by what `change` makes of it; undefined leaves it. */
  async update(id: string, change: (job: Job) => Job | undefined): Promise<Job> {
    let changed = false;
    const job = await this.jobs.update(id, (before) => {
      const after = change(before);
      changed = after !== undefined;
      return after;
    });
    if (job === undefined) throw notFound('fine-tuning job', id, 'fine_tuning_job_id');
    if (changed) this.onChange(job);
    return job;
  }

  /** A page, newest first. */
  async list({ after, limit, metadata }: JobListOptions): Promise<Page<Job>> {
    const wanted = (job: Job) =>
      metadata === undefined ||
      (metadata === null
        ? job.metadata === null
        : Object.entries(metadata).every(([key, value]) => job.metadata?.[key] === value));
    const data: Job[] = [];
    let from = after;
    for (;;) {
      const page = await this.jobs.list({ after: from, limit: Math.max(limit, 100) });
      data.push(...page.data.filter(wanted));
      if (data.length > limit) return { data: data.slice(0, limit), hasMore: true };
      if (!page.hasMore) return { data, hasMore: false };
      from = page.data[page.data.length - 1].id;
    }
  }

  /** Jobs in a state, oldest first. */
  async inState(...states: readonly JobStatus[]): Promise<Job[]> {
    return (await this.jobs.everything()).filter(({ status }) => states.includes(status));
  }

  async tell(id: string, ...events: readonly NewJobEvent[]): Promise<void> {
    const created = nowSeconds();
    await this.events.add(
      ...events.map(({ key, message, level = 'info', type = 'message', data = {} }) => {
        const event: JobEvent = {
          id: `ftevent-${nameOf(id, key)}`,
          object: 'fine_tuning.job.event',
          created_at: created,
          level,
          message,
          type,
          data,
        };
        return { id: event.id, parent: id, body: event };
      }),
    );
  }

  /** A page of a job's events, newest first. */
  async eventsOf(id: string, options: { after?: string; limit: number }): Promise<Page<JobEvent>> {
    await this.get(id);
    return await this.events.list({ ...options, parent: id });
  }

  /** Every event of a job, oldest first. */
  async history(id: string): Promise<JobEvent[]> {
    return await this.events.everything(id);
  }

  /** Adds the checkpoint of a step, once. */
  async addCheckpoint(
    job: string,
    checkpoint: Omit<Checkpoint, 'id' | 'object' | 'created_at' | 'fine_tuning_job_id'>,
  ): Promise<void> {
    const id = `ftckpt_${nameOf(job, String(checkpoint.step_number))}`;
    const body: Checkpoint = {
      id,
      object: 'fine_tuning.job.checkpoint',
      created_at: nowSeconds(),
      fine_tuning_job_id: job,
      ...checkpoint,
    };
    await this.checkpoints.add({ id, parent: job, body });
  }

  async removeCheckpoint({ id }: Checkpoint): Promise<void> {
    await this.checkpoints.remove(id);
  }

  /** A page of a job's checkpoints, newest first. */
  async checkpointsOf(id: string, options: { after?: string; limit: number }): Promise<Page<Checkpoint>> {
    await this.get(id);
    return await this.checkpoints.list({ ...options, parent: id });
  }

  async allCheckpoints(id: string): Promise<Checkpoint[]> {
    return await this.checkpoints.everything(id);
  }
}

/** 24 characters that name a part of a job. */
const nameOf = (job: string, key: string) =>
  createHash('sha256').update(`${job} ${key}`).digest('base64url').replace(/[-_]/g, 'x').slice(0, 24);
