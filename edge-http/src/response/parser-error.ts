import { LayoverError } from '../../../common/errors/layover-error';
import { MAX_PATH_LENGTH } from '../request/parse-request';
import { errorBody } from './write-error';

/** Error of Node's HTTP parser or its timeouts, with a code and the bytes that were parsed. */
export interface ParserFailure extends Error {
  readonly code?: string;
  readonly rawPacket?: Buffer;
}

/**
 * Returns a complete raw response to a request that could not be parsed. The connection is closed
 * after it.
 */
export function parserErrorAnswer(failure: ParserFailure): string {
  const error = describe(failure);
  const body = errorBody(error);
  const { http } = error.entry;
  const reason = http === 414 ? 'URI Too Long' : 'Bad Request';
  return [
    `HTTP/1.1 ${http} ${reason}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
    '',
    body,
  ].join('\r\n');
}

function describe({ code, rawPacket }: ParserFailure): LayoverError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new LayoverError('REQUEST_INVALID', { message: 'The request head did not arrive in time.' });
  if (code === 'HPE_INVALID_URL')
    return new LayoverError('NAME_INVALID', {
      message: 'path contains characters that are not allowed in a path',
      detail: { field: 'path' },
    });
  if (code !== 'HPE_HEADER_OVERFLOW')
    return new LayoverError('REQUEST_INVALID', {
      message: 'The request is not valid HTTP/1.1.',
      detail: { reason: code ?? '' },
    });
  if (rawPacket !== undefined && isLongTarget(rawPacket))
    return new LayoverError('URI_TOO_LONG', {
      message: `path is longer than ${MAX_PATH_LENGTH} characters`,
      detail: { field: 'path', max: MAX_PATH_LENGTH },
    });
  return new LayoverError('REQUEST_INVALID', {
    message: 'The request line and the headers are too long.',
    detail: { field: 'headers' },
  });
}

/** Returns true if the request line itself is too long. */
function isLongTarget(packet: Buffer): boolean {
  return /^[A-Z]+ \S*$/.test(packet.toString('latin1', 0, MAX_PATH_LENGTH + 64));
}
