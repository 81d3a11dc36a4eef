import { type CallFailure, ControlPlaneCircuit } from '../../../../data-plane/src/catalog/control-plane-circuit';
import { ManualClock } from '../fakes/manual-clock';

let clock: ManualClock;
let connected: boolean;
let circuit: ControlPlaneCircuit;
let calls: number;

beforeEach(() => {
  clock = new ManualClock();
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

test('after an unreachable peer calls fail at once until the cool-down is over', async () => {
  await expect(fail('unreachable')).rejects.toThrow('unreachable');
  await expect(succeed()).rejects.toMatchObject(OPEN);
  clock.advance(999);
  await expect(succeed()).rejects.toMatchObject(OPEN);
  expect(calls).toBe(1);
  clock.advance(1);
  await expect(succeed()).resolves.toBe('answer');
  await expect(succeed()).resolves.toBe('answer');
});

test('a connection that stands again ends the cool-down after an unreachable peer, not after a silent one', async () => {
  await expect(fail('unreachable')).rejects.toThrow();
  connected = true;
  await expect(succeed()).resolves.toBe('answer');
  await expect(fail('timed-out')).rejects.toThrow();
  await expect(succeed()).rejects.toMatchObject(OPEN);
});

test('a peer that answers with a failure is there', async () => {
  await expect(fail('answered')).rejects.toThrow('answered');
  await expect(succeed()).resolves.toBe('answer');
});

test('after the cool-down one call tries, the others fail at once; its failure begins the cool-down anew', async () => {
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
