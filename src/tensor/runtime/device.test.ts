import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { rng } from '../../random/index.ts';
import { checkDevice, defaultDevice, webgpuProblem } from './device.ts';
import { encodeModel, NativeTensor, Session } from './index.ts';

afterEach(() => vi.unstubAllEnvs());

describe('the device', () => {
  it('is BURNISH_DEVICE, or the CPU', () => {
    vi.stubEnv('BURNISH_DEVICE', '');
    expect(defaultDevice()).toBe('cpu');
    vi.stubEnv('BURNISH_DEVICE', 'webgpu');
    expect(defaultDevice()).toBe('webgpu');
  });

  it('is refused by name when it is none', () => {
    expect(() => checkDevice('cuda' as 'cpu')).toThrow('device: got cuda, expected cpu or webgpu');
  });

  it.each([
    [
      'x was false. Failed to get a WebGPU adapter: No supported adapters\n',
      'device: webgpu needs a GPU adapter that this machine does not offer (No supported adapters); use device: cpu',
    ],
    [
      'WebGPU execution provider is not supported in this build. ',
      "device: webgpu is not part of ONNX Runtime's package for this platform; use device: cpu",
    ],
    ['the moon is full\n', 'device: webgpu cannot be used (the moon is full); use device: cpu'],
  ])('a failure (%j) is put into words', (message, expected) => {
    expect(webgpuProblem(message)).toBe(expected);
  });

  it.runIf(process.platform === 'linux' && process.arch === 'x64')(
    'webgpu says what is missing where no driver offers an adapter',
    () => {
      const module = fileURLToPath(new URL('./device.ts', import.meta.url));
      const script = `import(${JSON.stringify(module)}).then((m) => { try { m.checkDevice('webgpu'); } catch (e) { console.log(e.message); } })`;
      const none = { VK_ICD_FILENAMES: '/nowhere', VK_DRIVER_FILES: '/nowhere' };
      const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', '-e', script], {
        env: { ...process.env, ...none },
        encoding: 'utf8',
      });
      expect(stdout.trim()).toMatch(
        /^device: webgpu needs a GPU adapter that this machine does not offer \(.+\); use device: cpu$/,
      );
    },
  );
});

const hasAdapter = (() => {
  if (process.env.BURNISH_TEST_WEBGPU !== '1') return false;
  checkDevice('webgpu');
  return true;
})();

// With BURNISH_TEST_WEBGPU=1, on a machine with an adapter (a software one will do).
it.runIf(hasAdapter)('webgpu gives the numbers of the CPU, and reads its inputs anew in each run', () => {
  const draws = rng(1, 'webgpu');
  const shape = [24, 24];
  const model = encodeModel({
    nodes: [
      { opType: 'MatMul', inputs: ['x', 'w'], outputs: ['h'] },
      { opType: 'Softmax', inputs: ['h'], outputs: ['y'] },
    ],
    inputs: ['x', 'w'].map((name) => ({ name, dtype: 'f32' as const, shape })),
    outputs: [{ name: 'y', dtype: 'f32', shape }],
    initializers: {},
  });
  const [x, w] = [0, 1].map(() => NativeTensor.zeros('f32', shape));
  const runs = (['cpu', 'webgpu'] as const).map((device) => {
    const y = NativeTensor.zeros('f32', shape);
    return { y, run: Session.create(model, { device }).bind([x, w], [y]) };
  });
  for (let time = 0; time < 3; time++) {
    for (const { data } of [x, w]) for (let i = 0; i < data.length; i++) data[i] = draws.normal();
    for (const { run } of runs) run.runSync();
    const [cpu, gpu] = runs.map(({ y }) => y.data as Float32Array);
    cpu.forEach((value, i) => {
      expect(Math.abs(gpu[i] - value)).toBeLessThan(1e-5);
    });
  }
});
