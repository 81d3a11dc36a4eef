import { crc32cText, type FakeContents, type FakeObject, type FakeSession, resourceOf } from './contents';
import type { Fault } from './faults';
import type { LoggedRequest } from './request-log';

/** An answer that was not sent yet. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

/** A request with its complete body. */
export interface FakeRequest {
  readonly entry: LoggedRequest;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer;
  /** Origin of the fake server. */
  readonly origin: string;
  readonly fault: Fault;
}

/** An incomplete chunk is stored in multiples of this size (Cloud Storage, "Resumable uploads"). */
export const PIECE = 256 * 1024;

/** Handles a request as the JSON API of Cloud Storage does. */
export function answer(contents: FakeContents, bucket: string, request: FakeRequest): Answer {
  const { entry } = request;
  const { name, query } = entry;
  const object = contents.objects.get(name);
  switch (entry.kind) {
    case 'begin': {
      if (!contents.matches(name, query['ifGenerationMatch'])) return { status: 412 };
      const session = contents.begin(name, query['ifGenerationMatch']);
      const location = `${request.origin}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&upload_id=${session.id}`;
      return { status: 200, headers: { location } };
    }
    case 'part':
    case 'ask':
    case 'cancel': {
      const session = contents.sessions.get(query['upload_id'] ?? '');
      return session === undefined ? { status: 404 } : answerSession(contents, session, request);
    }
    case 'multipart':
      return takeMultipart(contents, request);
    case 'look':
      return object === undefined ? { status: 404 } : json(resourceOf(object));
    case 'signed':
    case 'download':
      return object === undefined || (query['generation'] ?? object.generation) !== object.generation
        ? { status: 404 }
        : download(object, request.headers['range']);
    case 'list':
      return list(contents, query);
    case 'delete':
      if (object === undefined) return { status: 404 };
      if (!contents.matches(name, query['ifGenerationMatch'])) return { status: 412 };
      contents.objects.delete(name);
      return { status: 204 };
    case 'rewrite': {
      const target = query['target'] ?? '';
      if (object === undefined || (query['sourceGeneration'] ?? object.generation) !== object.generation) {
        return { status: 404 };
      }
      return json({ done: true, resource: resourceOf(contents.write(target, object.content)) });
    }
    case 'unknown':
      return { status: 400 };
  }
}

function answerSession(contents: FakeContents, session: FakeSession, request: FakeRequest): Answer {
  const { entry, body, fault, headers } = request;
  if (entry.kind === 'cancel') {
    contents.sessions.delete(session.id);
    contents.cancelled += 1;
    return { status: 499 };
  }
  const match = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(entry.range);
  if (match === null) return { status: 400 };
  const [, first, last, total] = match;
  if (first !== undefined) {
    if (Number(first) !== session.persisted || Number(last) - Number(first) + 1 !== body.length) return { status: 400 };
    if (total === '*' && body.length % PIECE !== 0) return { status: 400 };
    appendBytes(session, fault.keepOnly === undefined ? body : body.subarray(0, fault.keepOnly));
  }
  if (total === '*' || Number(total) !== session.persisted) return incomplete(session);
  if (!contents.matches(session.name, session.ifGenerationMatch)) return { status: 412 };
  const content = Buffer.concat(session.chunks);
  const declared = /crc32c=([^,]+)/.exec(headers['x-goog-hash'] ?? '')?.[1];
  if (declared !== undefined && declared !== crc32cText(content)) return { status: 400 };
  contents.sessions.delete(session.id);
  return json(resourceOf(contents.write(session.name, fault.corrupt === true ? corrupted(content) : content)));
}

/** Appends bytes to an upload. */
export function appendBytes(session: FakeSession, bytes: Buffer): void {
  session.chunks.push(bytes);
  session.persisted += bytes.length;
}

function incomplete({ persisted }: FakeSession): Answer {
  return { status: 308, headers: persisted === 0 ? {} : { range: `bytes=0-${persisted - 1}` } };
}

function takeMultipart(contents: FakeContents, { entry, headers, body, fault }: FakeRequest): Answer {
  const boundary = /boundary=(.+)$/.exec(headers['content-type'] ?? '')?.[1] ?? '';
  const text = body.toString('latin1');
  const parts = text.split(`--${boundary}`).slice(1, 3);
  const contentOf = (part: string | undefined): Buffer =>
    Buffer.from((part ?? '').slice((part ?? '').indexOf('\r\n\r\n') + 4, -2), 'latin1');
  const metadata = JSON.parse(contentOf(parts[0]).toString()) as { readonly crc32c?: string };
  const content = contentOf(parts[1]);
  if (!contents.matches(entry.name, entry.query['ifGenerationMatch'])) return { status: 412 };
  if (metadata.crc32c !== undefined && metadata.crc32c !== crc32cText(content)) return { status: 400 };
  return json(resourceOf(contents.write(entry.name, fault.corrupt === true ? corrupted(content) : content)));
}

function download({ content, generation }: FakeObject, range: string | undefined): Answer {
  const headers = {
    'content-type': 'application/octet-stream',
    'x-goog-generation': generation,
    'x-goog-hash': `crc32c=${crc32cText(content)}`,
    'x-goog-stored-content-encoding': 'identity',
  };
  const match = /^bytes=(\d+)-(\d*)$/.exec(range ?? '');
  if (match === null) return { status: 200, headers, body: content };
  const first = Number(match[1]);
  const last = Math.min(match[2] === '' ? Infinity : Number(match[2]), content.length - 1);
  if (first > last) return { status: 416 };
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${first}-${last}/${content.length}` },
    body: content.subarray(first, last + 1),
  };
}

function list(contents: FakeContents, query: Readonly<Record<string, string>>): Answer {
  const from = query['pageToken'] ?? query['startOffset'] ?? '';
  const names = [...contents.objects.keys()]
    .filter((name) => name.startsWith(query['prefix'] ?? '') && name >= from)
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const page = names.slice(0, Number(query['maxResults'] ?? 1000));
  const items = page.map((name) => resourceOf(contents.objects.get(name)!));
  const next = names[page.length];
  return json({ items, ...(next === undefined ? {} : { nextPageToken: next }) });
}

function json(value: object): Answer {
  return { status: 200, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(value)) };
}

function corrupted(content: Buffer): Buffer {
  const other = Buffer.from(content);
  other[other.length - 1]! ^= 1;
  return other;
}
