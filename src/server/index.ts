/** The server: OpenAI's API for files, fine-tuning jobs, graders and chats, over Burnish's loop and engine. */
export { BurnishClient, type BurnishClientOptions } from './client.ts';
export { type Key, type Keys, SCOPES, type Scope, scopeSchema } from './keys/keys.ts';
export { checkDataset } from './migrate/check-dataset.ts';
export {
  type ExportedJob,
  type Finding,
  jobFindings,
  readExportedJob,
  requestOf,
} from './migrate/findings.ts';
export { openKeys, type RunningServer, type ServerOptions, startServer } from './start.ts';
