/** The API server in a process of its own: takes a model's folder, tells its address, key and memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startServer } from '../../src/server/index.ts';

const [model] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'burnish-bench-server-'));
const server = await startServer({
  folder,
  host: '127.0.0.1',
  port: 0,
  models: new Map([['bench', model]]),
  cacheBytes: 2 ** 31,
});
const { secret } = await server.keys.create('bench', ['infer']);
process.send?.({ url: server.url, key: secret });
process.on('message', async (word) => {
  if (word === 'memory') process.send?.({ memoryMiB: process.memoryUsage().rss / 2 ** 20 });
  else {
    await server.close();
    rmSync(folder, { recursive: true });
    process.disconnect();
  }
});
