import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import type { FakeAuth } from './auth';
import type { RegistryContent } from './content';
import type { Misbehaviour } from './quirks';
import type { LoggedRequest } from './request-log';
import { type BodySource, sendBody } from './send-body';

/** A request with everything that its handler needs. */
export interface Exchange {
  readonly message: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  readonly entry: LoggedRequest;
  readonly quirk: Misbehaviour;
  readonly content: RegistryContent;
  readonly auth: FakeAuth;
  /** `http://127.0.0.1:port` of this server. */
  readonly ownUrl: string;
  /** Must be called when the log entry has changed. */
  readonly changed: () => void;
  /** Replaces authorization and content. */
  readonly route: Route | undefined;
}

/** Answers a request instead of the fake registry. */
export type Route = (exchange: Exchange) => Promise<void>;

/** Sends bytes from memory. */
export function answer(
  exchange: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<void> {
  return answerFrom(exchange, status, headers, {
    offset: 0,
    length: body.length,
    read: (offset, length) => body.subarray(offset, offset + length),
  });
}

/** Sends an OCI error body. */
export function answerError(
  exchange: Exchange,
  status: number,
  code: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message: `fake registry: ${code.toLowerCase()}` }] }));
  return answer(exchange, status, { 'content-type': 'application/json', ...headers }, body);
}

/** Sends a body from any source, with the misbehaviour that affects bodies and headers. */
export async function answerFrom(
  exchange: Exchange,
  status: number,
  headers: Readonly<Record<string, string>>,
  source: BodySource,
): Promise<void> {
  const { response, entry, quirk } = exchange;
  const body = applyQuirk(source, quirk);
  const all: Record<string, string | undefined> = {
    ...headers,
    'content-length': quirk.chunked === true ? undefined : String(body.length),
    ...(quirk.gzip === true ? { 'content-encoding': 'gzip' } : {}),
    ...quirk.headers,
  };
  if (quirk.digestHeader === null) all['docker-content-digest'] = undefined;
  else if (quirk.digestHeader !== undefined) all['docker-content-digest'] = quirk.digestHeader;
  response.statusCode = status;
  for (const [name, value] of Object.entries(all)) if (value !== undefined) response.setHeader(name, value);
  entry.status = status;
  exchange.changed();
  if (entry.method === 'HEAD') {
    response.end();
    entry.finished = true;
  } else {
    entry.finished = await sendBody(response, body, quirk, (bytes) => {
      entry.bytesSent += bytes;
      exchange.changed();
    });
  }
  exchange.changed();
}

function applyQuirk(source: BodySource, quirk: Misbehaviour): BodySource {
  let body = source;
  if (quirk.corrupt === true && body.length > 0) {
    const { read } = body;
    const last = body.offset + body.length - 1;
    body = {
      ...body,
      read: (offset, length) => {
        const bytes = Buffer.from(read(offset, length));
        if (last >= offset && last < offset + length) bytes[last - offset]! ^= 0xff;
        return bytes;
      },
    };
  }
  if (quirk.truncateTo !== undefined) body = { ...body, length: Math.min(body.length, quirk.truncateTo) };
  if (quirk.gzip === true) {
    const zipped = gzipSync(body.read(body.offset, body.length));
    body = { offset: 0, length: zipped.length, read: (offset, length) => zipped.subarray(offset, offset + length) };
  }
  return body;
}
