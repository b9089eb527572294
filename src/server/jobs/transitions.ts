/** What cancel, pause and resume make of a job, by its state. */
import { wrongState } from '../errors.ts';
import { nowSeconds } from '../ids.ts';
import { isOver, type Job } from './job.ts';

/** Ends a job; one that was cancelled already stays as it is. Throws where it has ended otherwise. */
export function cancelled(job: Job): Job | undefined {
  if (job.status === 'cancelled') return undefined;
  if (isOver(job)) throw wrongState(`Job ${job.id} has ${job.status} and cannot be cancelled.`);
  return { ...job, status: 'cancelled', finished_at: nowSeconds(), estimated_finish: null };
}

/** Stops a job for a while; one that is paused stays as it is. Throws where it has ended. */
export function paused(job: Job): Job | undefined {
  if (job.status === 'paused') return undefined;
  if (isOver(job)) throw wrongState(`Job ${job.id} has ${job.status} and cannot be paused.`);
  return { ...job, status: 'paused', estimated_finish: null };
}

/** Puts a paused job in the queue again. Throws where it is not paused. */
export function resumed(job: Job): Job {
  if (job.status !== 'paused')
    throw wrongState(`Job ${job.id} is ${job.status}; only a paused job can be resumed.`);
  return { ...job, status: 'queued' };
}
