/** The process that a job is run in. */
import { tellParent } from '../../processes/index.ts';
import { openDatabase } from '../database/database.ts';
import { gradingContext } from '../grading/context.ts';
import { JudgeAnswers } from '../grading/judge-answers.ts';
import { fineTune } from './fine-tune.ts';
import type { FromWorker, ToWorker } from './worker-messages.ts';

const stop = new AbortController();
let sent: Promise<void> = Promise.resolve();

/** Messages go out one after the other, each when the one before has left. */
function tell(message: FromWorker): void {
  sent = sent.then(() => tellParent(message));
}

async function run({ spec }: Extract<ToWorker, { kind: 'start' }>): Promise<void> {
  // Without it judges are asked what they have answered before, and nothing is lost.
  const database =
    spec.answers === null ? undefined : await openDatabase(spec.answers).catch(() => undefined);
  const context = gradingContext({
    judge: () => spec.judge,
    answers: database && new JudgeAnswers(database),
    ...(spec.embedder === null ? {} : { embedder: () => spec.embedder }),
  });
  try {
    await fineTune(spec, context, tell, stop.signal);
  } catch (error) {
    if (stop.signal.aborted) tell({ kind: 'stopped', step: -1 });
    else {
      console.error(error);
      tell({ kind: 'failed', code: 'training_failed', message: (error as Error).message, param: null });
    }
  }
  await context.close();
  await database?.close();
  await sent;
  process.disconnect?.();
}

process.on('message', (message: ToWorker) => {
  if (message.kind === 'stop') stop.abort(new Error('stopped'));
  else void run(message);
});
// Without its server nobody hears it, and the next server would start another one beside it.
process.on('disconnect', () => process.exit(0));
// Ctrl-C in a terminal reaches the whole group: the server says when to stop.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => undefined);
