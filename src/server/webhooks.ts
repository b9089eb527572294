/** Tells another server when a job has ended, signed so that OpenAI's clients can check it. */
import { createHmac } from 'node:crypto';
import type { Logger } from 'pino';
import { newId, nowSeconds } from './ids.ts';
import type { Job } from './jobs/job.ts';

export interface WebhookOptions {
  url: string;
  /** Shared with the receiver; one that begins with `whsec_` is base64 after that. */
  secret: string;
}

const MOST_TRIES = 6;
/** First wait before trying again, in milliseconds; doubled each time. */
const FIRST_WAIT = 1000;
const TIME_LIMIT = 15_000;

const TYPES: Partial<Record<Job['status'], string>> = {
  succeeded: 'fine_tuning.job.succeeded',
  failed: 'fine_tuning.job.failed',
  cancelled: 'fine_tuning.job.cancelled',
};

const keyOf = (secret: string) =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret);

/** Headers that show who sends a body: `webhook-signature` is over id, time and body (Standard Webhooks). */
export function signedHeaders(
  secret: string,
  id: string,
  seconds: number,
  body: string,
): Record<string, string> {
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.${body}`).digest('base64');
  return {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': `v1,${signature}`,
  };
}

/** Sends what happens to jobs; again where the receiver does not answer with success. */
export class Webhooks {
  private readonly options: WebhookOptions;
  private readonly log: Logger;
  private readonly firstWait: number;
  private readonly stopping = new AbortController();

  constructor(options: WebhookOptions, log: Logger, firstWait = FIRST_WAIT) {
    this.options = options;
    this.log = log;
    this.firstWait = firstWait;
  }

  /** Tells of a job that has just ended; other changes are not told. */
  jobChanged({ id, status }: Job): void {
    const type = TYPES[status];
    if (type !== undefined) void this.send(type, id);
  }

  close(): void {
    this.stopping.abort();
  }

  private async send(type: string, job: string): Promise<void> {
    const { url, secret } = this.options;
    const id = newId('evt_');
    const created = nowSeconds();
    const body = JSON.stringify({ id, object: 'event', type, created_at: created, data: { id: job } });
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      try {
        const response = await fetch(url, {
          method: 'POST',
          // Signed anew at each try: receivers refuse what is old.
          headers: signedHeaders(secret, id, nowSeconds(), body),
          body,
          signal: AbortSignal.any([this.stopping.signal, AbortSignal.timeout(TIME_LIMIT)]),
        });
        await response.body?.cancel();
        if (response.ok) return;
        this.log.warn({ job, type, status: response.status }, 'a webhook was refused');
      } catch (error) {
        if (this.stopping.signal.aborted) return;
        this.log.warn({ job, type, error: (error as Error).message }, 'a webhook could not be sent');
      }
      await new Promise((resolve) => setTimeout(resolve, this.firstWait * 2 ** tries).unref());
      if (this.stopping.signal.aborted) return;
    }
    this.log.error({ job, type }, 'a webhook was given up');
  }
}
