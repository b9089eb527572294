/** Which processor a session computes on. */
import { ortEnvironment } from './environment.ts';
import { check, ortLibrary, outPointer, type Pointer } from './library.ts';

/** `webgpu`: a GPU through WebGPU; what it has no kernels for runs on the CPU. */
export type Device = 'cpu' | 'webgpu';

export const DEVICES: readonly Device[] = ['cpu', 'webgpu'];

/** Environment variable that names the device. */
export const DEVICE_VARIABLE = 'BURNISH_DEVICE';

/** BURNISH_DEVICE if it is set, otherwise `cpu`; see `checkDevice` for whether it can be used. */
export function defaultDevice(): Device {
  return (process.env[DEVICE_VARIABLE] || 'cpu') as Device;
}

/** Has sessions of these options compute on a device. Throws an Error that says what is missing. */
export function useDevice(sessionOptions: Pointer, device: Device): void {
  if (device === 'cpu') return;
  // Looking for an adapter needs the environment's log.
  ortEnvironment();
  const none = new BigUint64Array(1);
  try {
    check(
      ortLibrary().api.SessionOptionsAppendExecutionProvider(sessionOptions, 'WebGPU', none, none, 0),
      'use WebGPU',
    );
  } catch (error) {
    throw new Error(webgpuProblem((error as Error).message), { cause: error });
  }
}

/** Throws unless sessions can compute on the device on this machine: an Error that says what is missing, or a RangeError. */
export function checkDevice(device: Device): void {
  if (!DEVICES.includes(device))
    throw new RangeError(`device: got ${String(device)}, expected ${DEVICES.join(' or ')}`);
  if (device === 'cpu') return;
  const { api } = ortLibrary();
  const options = outPointer('create session options', (out) => api.CreateSessionOptions(out));
  try {
    useDevice(options, device);
  } finally {
    api.ReleaseSessionOptions(options);
  }
}

/** What ONNX Runtime's message means to whoever asked for WebGPU. */
export function webgpuProblem(message: string): string {
  const adapter = /Failed to get a WebGPU adapter: ([^\n]*)/.exec(message)?.[1].trim();
  if (adapter !== undefined)
    return `device: webgpu needs a GPU adapter that this machine does not offer (${adapter}); use device: cpu`;
  if (message.includes('not supported in this build'))
    return "device: webgpu is not part of ONNX Runtime's package for this platform; use device: cpu";
  return `device: webgpu cannot be used (${message.trim()}); use device: cpu`;
}
