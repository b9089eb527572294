/** Counts for Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface ServerMetrics {
  registry: Registry;
  requests: Counter<'method' | 'route' | 'status'>;
  requestSeconds: Histogram<'method' | 'route'>;
  sampledTokens: Counter<'model'>;
  promptTokens: Counter<'model'>;
  activeRows: Gauge<'model'>;
  waitingRequests: Gauge<'model'>;
  jobs: Counter<'status'>;
  runningJobs: Gauge;
}

/** Fresh counts; `processFigures` adds those of the process, such as its memory. */
export function serverMetrics({ processFigures = true } = {}): ServerMetrics {
  const registry = new Registry();
  if (processFigures) collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Counter({ name: `burnish_${name}`, help, labelNames, registers });
  const gauge = <Label extends string>(name: string, help: string, ...labelNames: Label[]) =>
    new Gauge({ name: `burnish_${name}`, help, labelNames, registers });
  return {
    registry,
    requests: counter('requests_total', 'Requests answered', 'method', 'route', 'status'),
    requestSeconds: new Histogram({
      name: 'burnish_request_seconds',
      help: 'Time to the end of the answer',
      labelNames: ['method', 'route'],
      buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30],
      registers,
    }),
    sampledTokens: counter('sampled_tokens_total', 'Tokens sampled for completions', 'model'),
    promptTokens: counter('prompt_tokens_total', 'Prompt tokens of completions', 'model'),
    activeRows: gauge('active_rows', 'Completions being decoded', 'model'),
    waitingRequests: gauge('waiting_requests', 'Completions waiting for a place in the batch', 'model'),
    jobs: counter('jobs_total', 'Jobs that ended', 'status'),
    runningJobs: gauge('running_jobs', 'Jobs being run'),
  };
}
