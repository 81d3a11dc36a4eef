import { type CallFailure, ControlPlaneCircuit } from '../../../../data-plane/src/catalog/control-plane-circuit';
import { TestClock } from '../../../support/test-clock';

let clock: TestClock;
let connected: boolean;
let circuit: ControlPlaneCircuit;
let calls: number;

beforeEach(() => {
  clock = new TestClock();
  connected = false;
  calls = 0;
  circuit = new ControlPlaneCircuit({ clock, coolDownMs: 1000, isConnected: () => connected });
});

const succeed = (): Promise<string> =>
  circuit.run(
    () => {
      calls += 1;
      return Promise.resolve('answer');
    },
    () => 'answered',
  );
const fail = (kind: CallFailure): Promise<unknown> =>
  circuit.run(
    () => {
      calls += 1;
      return Promise.reject(new Error(kind));
    },
    () => kind,
  );
const OPEN = { key: 'NOT_READY' };

test('ControlPlaneCircuit fails calls immediately after an unreachable peer until the cool-down is over', async () => {
  await expect(fail('unreachable')).rejects.toThrow('unreachable');
  await expect(succeed()).rejects.toMatchObject(OPEN);
  clock.advance(999);
  await expect(succeed()).rejects.toMatchObject(OPEN);
  expect(calls).toBe(1);
  clock.advance(1);
  await expect(succeed()).resolves.toBe('answer');
  await expect(succeed()).resolves.toBe('answer');
});

test('ControlPlaneCircuit ends the cool-down on a new connection after an unreachable peer, but not after a timeout', async () => {
  await expect(fail('unreachable')).rejects.toThrow();
  connected = true;
  await expect(succeed()).resolves.toBe('answer');
  await expect(fail('timed-out')).rejects.toThrow();
  await expect(succeed()).rejects.toMatchObject(OPEN);
});

test('ControlPlaneCircuit treats a peer that answers with an error as reachable', async () => {
  await expect(fail('answered')).rejects.toThrow('answered');
  await expect(succeed()).resolves.toBe('answer');
});

test('ControlPlaneCircuit tries one call after the cool-down, while others fail; its failure restarts the cool-down', async () => {
  await expect(fail('timed-out')).rejects.toThrow();
  clock.advance(1000);
  let end: (error: Error) => void = () => undefined;
  const probe = circuit.run(
    () => new Promise((_, reject) => (end = reject)),
    () => 'timed-out',
  );
  await expect(succeed()).rejects.toMatchObject(OPEN);
  end(new Error('still silent'));
  await expect(probe).rejects.toThrow('still silent');
  await expect(succeed()).rejects.toMatchObject(OPEN);
  clock.advance(1000);
  await expect(succeed()).resolves.toBe('answer');
});
