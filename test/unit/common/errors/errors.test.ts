import { Metadata, type ServiceError, status as Grpc } from '@grpc/grpc-js';
import { ERROR_CATALOGUE, type ErrorKey, isErrorKey } from '../../../../common/errors/catalogue';
import { isLayoverError, LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import { fromGrpcError, toGrpcFailure } from '../../../../common/grpc/error-status';

/** Sends an error over the wire and back, as grpc-js does. */
function carry(thrown: unknown): LayoverError {
  const failure = toGrpcFailure(thrown);
  const error = Object.assign(new Error(failure.details), failure) as ServiceError;
  return fromGrpcError(error, 'DATA_PLANE_UNAVAILABLE');
}

describe('ERROR_CATALOGUE', () => {
  test.each(Object.entries(ERROR_CATALOGUE))('%s has a failure status in both protocols', (key, entry) => {
    expect(isErrorKey(key)).toBe(true);
    expect(entry.http).toBeGreaterThanOrEqual(400);
    expect(entry.grpc).not.toBe(Grpc.OK);
    expect(entry.code).toMatch(/^[A-Z_]+$/);
    expect(entry.message).not.toBe('');
  });

  test('never reports an outage as "not found"', () => {
    for (const entry of Object.values(ERROR_CATALOGUE))
      if (entry.code === 'UNAVAILABLE') expect(entry.http).toBeGreaterThanOrEqual(500);
  });

  test.each(['toString', '__proto__', 'constructor', '', 'name_invalid'])('%j is not an error key', (text) => {
    expect(isErrorKey(text)).toBe(false);
  });
});

describe('LayoverError', () => {
  test('has the message of the catalogue by default', () => {
    expect(new LayoverError('DENIED').message).toBe(ERROR_CATALOGUE.DENIED.message);
    expect(new LayoverError('DENIED', { message: 'no' }).message).toBe('no');
    expect(new LayoverError('DENIED').entry).toBe(ERROR_CATALOGUE.DENIED);
  });

  test('has the status of the upstream if a refused request is passed on, also between planes', () => {
    for (const upstreamStatus of [400, 406, 413, 414, 415, 422, 501]) {
      const error = carry(new LayoverError('UPSTREAM_REFUSED_REQUEST', { upstreamStatus }));
      expect([error.entry.http, error.entry.code]).toEqual([upstreamStatus, 'UNSUPPORTED']);
    }
    for (const upstreamStatus of [undefined, 200, 401, 402, 405, 418])
      expect(new LayoverError('UPSTREAM_REFUSED_REQUEST', { upstreamStatus }).entry.http).toBe(502);
    expect(new LayoverError('UPSTREAM_FAILED', { upstreamStatus: 501 }).entry.http).toBe(502);
  });

  test('is recognized by its shape', () => {
    const foreign = Object.assign(new Error('x'), { name: 'LayoverError', key: 'DENIED' });
    expect(isLayoverError(foreign)).toBe(true);
    for (const other of [new Error('x'), undefined, null, 'x', { name: 'LayoverError', key: 'DENIED' }])
      expect(isLayoverError(other)).toBe(false);
  });

  test('replaces unexpected errors with INTERNAL and hides their text', () => {
    const cause = new Error('password=1');
    const error = toLayoverError(cause);
    expect(error).toMatchObject({ key: 'INTERNAL', cause });
    expect(error.message).not.toContain('password');
    const known = new LayoverError('DENIED');
    expect(toLayoverError(known)).toBe(known);
  });
});

describe('errors over gRPC', () => {
  test.each(Object.keys(ERROR_CATALOGUE) as ErrorKey[])('%s keeps its key', (key) => {
    expect(carry(new LayoverError(key)).key).toBe(key);
  });

  test('keep message, detail, Retry-After and upstream status, but not the cause', () => {
    const info = { message: 'zu früh', detail: { upstream: 'docker.io' }, retryAfterSeconds: 7, upstreamStatus: 429 };
    const carried = carry(new LayoverError('TOO_MANY_REQUESTS', { ...info, cause: new Error('secret') }));
    expect(carried).toMatchObject({ key: 'TOO_MANY_REQUESTS', ...info });
    expect(JSON.stringify(toGrpcFailure(new LayoverError('DENIED', { cause: 'secret' })))).not.toContain('secret');
  });

  test('hide the text of an unexpected error', () => {
    const failure = toGrpcFailure(new Error('secret'));
    expect(failure.code).toBe(Grpc.INTERNAL);
    expect(failure.details).not.toContain('secret');
    expect(carry(new Error('secret')).key).toBe('INTERNAL');
  });

  const transport: [Grpc, ErrorKey][] = [
    [Grpc.UNAVAILABLE, 'NOT_READY'],
    [Grpc.DEADLINE_EXCEEDED, 'TIMEOUT'],
    [Grpc.CANCELLED, 'CANCELLED'],
    [Grpc.RESOURCE_EXHAUSTED, 'INTERNAL'],
    [Grpc.NOT_FOUND, 'INTERNAL'],
  ];
  test.each(transport)('status %d of the transport becomes %s', (code, key) => {
    const error = Object.assign(new Error('x'), { code, details: 'x', metadata: new Metadata() });
    expect(fromGrpcError(error, 'NOT_READY').key).toBe(key);
  });

  test.each(['', 'no json', 'null', '[]', '{"key":1}', '{"key":"toString"}', '{"key":"NOBODY_KNOWS"}'])(
    'ignore metadata %j, which is not an error of Layover',
    (text) => {
      const metadata = new Metadata();
      metadata.set('layover-error-bin', Buffer.from(text));
      const error = Object.assign(new Error('x'), { code: Grpc.UNAVAILABLE, details: 'x', metadata });
      expect(fromGrpcError(error, 'DATA_PLANE_UNAVAILABLE').key).toBe('DATA_PLANE_UNAVAILABLE');
    },
  );
});
