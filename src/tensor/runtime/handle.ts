/** Reference-counted native objects, so that nothing is released while a run may still use it. */
import type { Pointer } from './library.ts';

/** Owns a native object: born with one reference, released with the last one. */
export class Handle {
  private references = 1;
  readonly pointer: Pointer;
  private readonly free: (pointer: Pointer) => void;

  constructor(pointer: Pointer, free: (pointer: Pointer) => void) {
    this.pointer = pointer;
    this.free = free;
  }

  /** Adds a reference. */
  retain(): this {
    if (this.references === 0) throw new Error('a native object was used after its release');
    this.references++;
    return this;
  }

  /** Drops a reference; the last one frees the native object. */
  release(): void {
    if (this.references === 0) return;
    if (--this.references === 0) this.free(this.pointer);
  }
}

const registry = new FinalizationRegistry<Handle>((handle) => handle.release());

/** Releases `handle` once when `owner` is collected, unless `disown` comes first. `handle` must not hold `owner`. */
export function own(owner: object, handle: Handle): void {
  registry.register(owner, handle, owner);
}

/** Drops the owner's reference now. */
export function disown(owner: object, handle: Handle): void {
  registry.unregister(owner);
  handle.release();
}
