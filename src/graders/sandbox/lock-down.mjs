// @ts-check
/** Takes away from a process what code in a sandbox must not reach, should it ever get out of its WebAssembly. */
import dgram from 'node:dgram';
import dns from 'node:dns';
import net from 'node:net';
import process from 'node:process';

const refuse = () => {
  throw new Error('not allowed in a sandbox');
};

/** Most WebAssembly memory may grow to, in bytes, in steps of its pages. */
const PAGE = 65_536;

/**
 * To be called once everything is loaded: no sockets, no host names, no native bindings, no environment, no globals that
 * reach outside.
 */
export function lockDown() {
  net.Socket.prototype.connect = refuse;
  net.Server.prototype.listen = refuse;
  dgram.createSocket = refuse;
  dgram.Socket.prototype.bind = refuse;
  dgram.Socket.prototype.send = refuse;
  const names = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (dns));
  for (const name of Object.keys(names)) if (typeof names[name] === 'function') names[name] = refuse;
  for (const name of ['binding', '_linkedBinding', 'dlopen', 'kill', 'abort', 'chdir'])
    Object.defineProperty(process, name, { value: refuse });
  for (const name of Object.keys(process.env)) delete process.env[name];
  for (const name of ['fetch', 'WebSocket', 'EventSource', 'Worker', 'process', 'Buffer', 'navigator'])
    Reflect.deleteProperty(globalThis, name);
}

/** Lets WebAssembly memories grow to so many bytes and no further. @param {number} bytes */
export function limitMemory(bytes) {
  const { Memory } = /** @type {any} */ (globalThis).WebAssembly;
  const { grow } = Memory.prototype;
  Memory.prototype.grow = function limited(/** @type {number} */ pages) {
    if (this.buffer.byteLength + pages * PAGE > bytes) throw new RangeError('memory limit of the sandbox');
    return grow.call(this, pages);
  };
}
