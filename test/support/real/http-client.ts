import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A plain request: one connection that is closed afterwards, no decoding, no redirects. */
export interface HttpRequest {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
  readonly signal?: AbortSignal;
  /** The only trusted certificate authority for an https URL, in PEM. */
  readonly ca?: string;
}

/** An answer with its complete body. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Largest headers of an answer, in bytes. Node's default is smaller than what registries send. */
const MAX_HEADERS = 128 * 1024;

/**
 * Sends a request. Resolves at the headers of the answer. The caller reads or destroys the message.
 */
export function openRequest({ method = 'GET', url, headers, body, signal, ca }: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false as const, signal, maxHeaderSize: MAX_HEADERS };
    const outgoing = url.startsWith('https:') ? requestTls(url, { ...options, ca }) : request(url, options);
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    if (body === undefined || Buffer.isBuffer(body)) outgoing.end(body);
    else pipeline(body, outgoing).catch(reject);
  });
}

/**
 * Sends a request and reads the complete answer. Throws an Error if the connection breaks, also
 * during the body.
 */
export async function send(options: HttpRequest): Promise<HttpAnswer> {
  const answer = await openRequest(options);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks) };
}

/** Returns the value of a Basic `Authorization` header. */
export function basicAuthorization(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}
