import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { request as requestTls } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A request of the plainest kind: one connection, closed afterwards, nothing decoded, no redirect followed. */
export interface HttpRequest {
  readonly method?: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | Readable;
  readonly signal?: AbortSignal;
  /** Authority to trust alone, PEM, for an https URL. */
  readonly ca?: string;
}

/** An answer with its body in memory. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Sends a request; resolves at the answer's headers. The caller reads or destroys the message. */
export function openRequest({ method = 'GET', url, headers, body, signal, ca }: HttpRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false as const, signal };
    const outgoing = url.startsWith('https:') ? requestTls(url, { ...options, ca }) : request(url, options);
    outgoing.once('response', resolve);
    outgoing.once('error', reject);
    if (body === undefined || Buffer.isBuffer(body)) outgoing.end(body);
    else pipeline(body, outgoing).catch(reject);
  });
}

/** Sends a request and reads the whole answer. Throws where the connection breaks, in the body too. */
export async function send(options: HttpRequest): Promise<HttpAnswer> {
  const answer = await openRequest(options);
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return { status: answer.statusCode!, headers: answer.headers, body: Buffer.concat(chunks) };
}

/** Value of a Basic `Authorization` header. */
export function basicAuthorization(credentials: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`;
}
