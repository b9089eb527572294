/** Files: bytes in a folder, facts in the database. */
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ListOptions, Page, Records } from '../database/records.ts';
import { notFound } from '../errors.ts';
import { newId, nowSeconds, randomName } from '../ids.ts';
import { checkJsonl } from './check-jsonl.ts';
import type { FileObject } from './file.ts';

/** Uploads that were cut off leave files with this ending, which the next start removes. */
const PART = '.part';

export interface NewFile {
  filename: string;
  purpose: FileObject['purpose'];
  /** Seconds until it is removed. */
  expiresAfter?: number;
}

/** Keeps files. */
export class Files {
  private readonly folder: string;
  private readonly records: Records<FileObject>;

  constructor(folder: string, records: Records<FileObject>) {
    this.folder = folder;
    this.records = records;
  }

  /** Makes the folder, and removes what uploads that were cut off have left. */
  async open(): Promise<void> {
    await mkdir(this.folder, { recursive: true });
    for (const name of await readdir(this.folder))
      if (name.endsWith(PART)) await rm(join(this.folder, name), { force: true });
  }

  /** A place to write bytes to before it is known what file they are. */
  scratch(): string {
    return join(this.folder, `${randomName(24)}${PART}`);
  }

  /** Where the bytes of a file lie. */
  path(id: string): string {
    return join(this.folder, id);
  }

  /** Takes over a file that was written to a scratch place. */
  async adopt(scratch: string, { filename, purpose, expiresAfter }: NewFile): Promise<FileObject> {
    const problem = purpose === 'fine-tune' ? await checkJsonl(scratch) : undefined;
    const created = nowSeconds();
    const file: FileObject = {
      id: newId('file-'),
      object: 'file',
      bytes: (await stat(scratch)).size,
      created_at: created,
      filename,
      purpose,
      status: problem === undefined ? 'processed' : 'error',
      status_details: problem ?? null,
      expires_at: expiresAfter === undefined ? null : created + expiresAfter,
    };
    await rename(scratch, this.path(file.id));
    await this.records.add({ id: file.id, body: file });
    return file;
  }

  /** Adds a file that the server makes itself. */
  async write(text: string, file: NewFile): Promise<FileObject> {
    const scratch = this.scratch();
    await writeFile(scratch, text);
    return await this.adopt(scratch, file);
  }

  /** Throws a 404 where there is no such file (any more). */
  async get(id: string, param: string | null = null): Promise<FileObject> {
    const file = await this.records.get(id);
    if (file === undefined || isOver(file)) throw notFound('file', id, param);
    return file;
  }

  async content(id: string): Promise<{ file: FileObject; body: ReadableStream }> {
    const file = await this.get(id);
    return { file, body: Readable.toWeb(createReadStream(this.path(id))) as ReadableStream };
  }

  /** A page, of one purpose where that is given. */
  async list(options: ListOptions & { purpose?: string }): Promise<Page<FileObject>> {
    const { purpose, limit } = options;
    const wanted = (file: FileObject) => !isOver(file) && (purpose === undefined || file.purpose === purpose);
    const data: FileObject[] = [];
    let { after } = options;
    for (;;) {
      const page = await this.records.list({ ...options, after, limit: Math.max(limit, 100) });
      data.push(...page.data.filter(wanted));
      if (data.length > limit) return { data: data.slice(0, limit), hasMore: true };
      if (!page.hasMore) return { data, hasMore: false };
      after = page.data[page.data.length - 1].id;
    }
  }

  async remove(id: string): Promise<void> {
    await this.get(id);
    await this.records.remove(id);
    await rm(this.path(id), { force: true });
  }

  /** Removes files whose time is over. */
  async sweep(): Promise<void> {
    for await (const file of this.records.all())
      if (isOver(file)) {
        await this.records.remove(file.id);
        await rm(this.path(file.id), { force: true });
      }
  }
}

const isOver = ({ expires_at }: FileObject) => expires_at !== null && expires_at <= nowSeconds();
