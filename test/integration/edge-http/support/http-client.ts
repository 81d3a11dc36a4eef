import { type IncomingHttpHeaders, type IncomingMessage, request as send } from 'node:http';
import { connect } from 'node:net';

/** Address of an edge. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

/** A complete response. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** False if the connection ended before the body did. */
  readonly whole: boolean;
}

/** The first error of an OCI error body. */
export interface OciError {
  readonly code: string;
  readonly message: string;
  readonly detail?: Record<string, unknown>;
}

/**
 * Sends a request and resolves with the response head; the body is not read yet. The path is sent
 * unchanged.
 */
export function open(
  edge: Endpoint,
  path: string,
  headers: Record<string, string | string[]> = {},
  method = 'GET',
  body?: Buffer,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = send({ host: edge.host, port: edge.port, path, headers, method, agent: false }, resolve);
    request.on('error', reject);
    request.end(body);
  });
}

/** Reads the rest of a response. */
export async function finish(message: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let whole = true;
  try {
    for await (const chunk of message) chunks.push(chunk as Buffer);
  } catch {
    whole = false;
  }
  return { status: message.statusCode!, headers: message.headers, body: Buffer.concat(chunks), whole };
}

/** Sends a request and reads the complete response. */
export async function get(
  edge: Endpoint,
  path: string,
  headers: Record<string, string | string[]> = {},
  method = 'GET',
  body?: Buffer,
): Promise<Answer> {
  return finish(await open(edge, path, headers, method, body));
}

/** Returns the error of a response. */
export function errorOf(answer: Answer): OciError {
  const { errors } = JSON.parse(answer.body.toString('utf8')) as { errors: [OciError] };
  return errors[0];
}

/** Sends bytes over a socket, and returns everything that is received until the edge closes it. */
export function raw(edge: Endpoint, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(edge.port, edge.host);
    let text = '';
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => (text += chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.write(bytes, 'latin1');
  });
}

/** Returns the status, the header lines and the error of a raw response. */
export function parseRaw(text: string): { status: number; head: string; error: OciError } {
  const split = text.indexOf('\r\n\r\n');
  const head = text.slice(0, split);
  const { errors } = JSON.parse(text.slice(split + 4)) as { errors: [OciError] };
  return { status: Number(head.split(' ')[1]), head, error: errors[0] };
}
