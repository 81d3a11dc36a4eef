import type { IncomingMessage } from 'node:http';
import { type HttpRequest, openRequest } from '../../support/real/http-client';

/** Everything that a client observes of an answer. */
export interface Observed {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
  /** Whether the connection was cut before the end of the body. */
  readonly isCut: boolean;
}

/** Headers that differ between any two answers. */
const OF_THE_REQUEST: readonly string[] = ['date', 'x-request-id', 'age'];

/** Sends a request and returns what the client observes, also if the connection is cut. */
export async function observe(request: HttpRequest): Promise<Observed> {
  const answer = await openRequest(request);
  const { body, isCut } = await readUntilCut(answer);
  const headers = Object.fromEntries(Object.entries(answer.headers).filter(([name]) => !OF_THE_REQUEST.includes(name)));
  return { status: answer.statusCode!, headers, body, isCut };
}

/** Reads a body to its end or to the cut of its connection. */
export async function readUntilCut(
  answer: IncomingMessage,
): Promise<{ readonly body: Buffer; readonly isCut: boolean }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of answer) chunks.push(chunk as Buffer);
  } catch {
    return { body: Buffer.concat(chunks), isCut: true };
  }
  return { body: Buffer.concat(chunks), isCut: false };
}

/**
 * Returns an answer in which a digest is replaced, so that the answers for two digests can be
 * compared. A body that is no text counts by its length: it is checked for the bytes of others
 * separately.
 */
export function withoutDigest({ status, headers, body, isCut }: Observed, digest: string): object {
  const hidden = (text: string): string => text.replaceAll(digest, 'DIGEST').replaceAll(digest.slice(7), 'HEX');
  const isText = String(headers['content-type']).includes('json');
  return {
    status,
    isCut,
    headers: JSON.parse(hidden(JSON.stringify(headers))) as unknown,
    // How much arrives before a cut depends on the network.
    body: isText ? hidden(body.toString()) : isCut || body.length,
  };
}
