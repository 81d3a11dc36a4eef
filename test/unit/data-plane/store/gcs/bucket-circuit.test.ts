import { LayoverError } from '../../../../../common/errors/layover-error';
import { BucketCircuit } from '../../../../../data-plane/src/store/gcs/bucket-circuit';
import { BucketError, unexpectedStatus } from '../../../../../data-plane/src/store/gcs/bucket-error';
import { silentLogger } from '../../../../support/data-plane/fakes/pull-rig';
import { Gate } from '../../../../support/data-plane/fills/fake-upstream';
import { TestClock } from '../../../../support/test-clock';

const UNREACHABLE = { key: 'STORE_UNREACHABLE' };

function setUp() {
  const clock = new TestClock();
  const circuit = new BucketCircuit(clock, silentLogger);
  let requests = 0;
  const ask = (answer: () => Promise<string>): Promise<string> =>
    circuit.run('look something up', () => {
      requests += 1;
      return answer();
    });
  const away = (): Promise<string> => Promise.reject(new BucketError('cannot be reached', true));
  const well = (): Promise<string> => Promise.resolve('an answer');
  return { clock, ask, away, well, requests: () => requests };
}

describe('requests to a bucket that is away', () => {
  it('fail at once after the first one, without being made', async () => {
    const { ask, away, requests } = setUp();
    await expect(ask(away)).rejects.toMatchObject(UNREACHABLE);
    await expect(ask(away)).rejects.toMatchObject(UNREACHABLE);
    expect(requests()).toBe(1);
  });

  it('are tried one at a time after a while, until one is answered', async () => {
    const { clock, ask, away, well, requests } = setUp();
    await expect(ask(away)).rejects.toMatchObject(UNREACHABLE);
    clock.advance(2_000);
    const gate = new Gate();
    const probe = ask(() => gate.passed.then(well));
    await expect(ask(well)).rejects.toMatchObject(UNREACHABLE);
    gate.open();
    expect(await probe).toBe('an answer');
    expect(await ask(well)).toBe('an answer');
    expect(requests()).toBe(3);
  });

  it.each([401, 403, 429, 500, 503])('include those that it answers with %i', async (status) => {
    const { ask } = setUp();
    await expect(ask(() => Promise.reject(unexpectedStatus(status)))).rejects.toMatchObject(UNREACHABLE);
  });

  it.each([
    ['a failure of a file', new LayoverError('STORE_FAILED')],
    ['a client that left', new LayoverError('CANCELLED')],
    ['an answer that cannot be understood', unexpectedStatus(418)],
  ])('do not include %s', async (_, error) => {
    const { ask, well } = setUp();
    await expect(ask(() => Promise.reject(error))).rejects.toBe(error);
    expect(await ask(well)).toBe('an answer');
  });
});
