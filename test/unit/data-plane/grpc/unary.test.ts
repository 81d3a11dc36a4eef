import { EventEmitter } from 'node:events';
import { type sendUnaryData, type ServerUnaryCall, status } from '@grpc/grpc-js';
import { pino } from 'pino';
import { LayoverError } from '../../../../common/errors/layover-error';
import { unary } from '../../../../data-plane/src/grpc/unary';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly err?: { readonly message: string };
}

function rig(run: (signal: AbortSignal) => Promise<string>) {
  const lines: Line[] = [];
  const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line) as Line) });
  const call = Object.assign(new EventEmitter(), { request: {} }) as unknown as ServerUnaryCall<object, string>;
  const answered = new Promise<Parameters<sendUnaryData<string>>>((resolve) => {
    unary<object, string>('Test', logger, (_request, signal) => run(signal))(call, (...answer) => resolve(answer));
  });
  return { lines, call, answered };
}

test('returns the reply', async () => {
  expect(await rig(async () => 'fine').answered).toEqual([null, 'fine']);
});

test('returns the status of an expected failure and does not log it as a problem', async () => {
  const { answered, lines } = rig(() => Promise.reject(new LayoverError('MANIFEST_UNKNOWN')));
  expect((await answered)[0]).toMatchObject({ code: status.NOT_FOUND });
  expect(lines.map(({ level }) => level)).toEqual([20]);
});

test('returns INTERNAL for a bug without its text, and logs all details', async () => {
  const { answered, lines } = rig(() => Promise.reject(new TypeError('secret detail')));
  const [failure] = await answered;
  expect(failure).toMatchObject({ code: status.INTERNAL });
  expect(JSON.stringify(failure)).not.toContain('secret detail');
  expect(lines).toMatchObject([{ level: 50, err: { message: 'secret detail' } }]);
});

test('aborts the signal if the caller leaves', async () => {
  const { call, answered } = rig(
    (signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new LayoverError('CANCELLED')))),
  );
  call.emit('cancelled', 'cancelled');
  expect((await answered)[0]).toMatchObject({ code: status.CANCELLED });
});
