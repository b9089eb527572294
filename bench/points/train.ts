/** Training steps of one shape, alone in a process. Settings: model, rows, length. */
import { benchEngine, type ModelName } from '../models.ts';
import { someBatch, timeSteps } from '../train-step.ts';
import { servePoint } from './serve.ts';

const { model, rows, length } = JSON.parse(process.argv[2]) as {
  model: ModelName;
  rows: number;
  length: number;
};
const engine = await benchEngine(model);
const batch = someBatch(rows, length);
await timeSteps(engine, batch, 1);
await servePoint(async () => ({ seconds: (rows * length) / (await timeSteps(engine, batch, 1)) }));
engine.dispose();
