import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { digestOf } from '../../../common/oci/digest';
import { MediaType } from '../../../common/oci/media-types';

const MANIFEST = /^\/v2\/(.+)\/manifests\/[^/]+$/;
const REFERRERS = /^\/v2\/(.+)\/referrers\/([^/]+)$/;

interface Referrer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType: string | undefined;
  readonly annotations: Readonly<Record<string, string>> | undefined;
}

/** The fields of a pushed manifest that say what it refers to. */
interface PushedFields {
  readonly subject?: { readonly digest: string };
  readonly artifactType?: string;
  readonly config?: { readonly mediaType: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A registry with the referrers API. */
export interface ReferrersRegistry {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Adds the referrers API to a registry without it (`http://host:port`), like distribution. Pushed
 * manifests with a subject are remembered by repository and subject, and everything is forwarded.
 */
export async function startReferrersApi(registry: string): Promise<ReferrersRegistry> {
  const known = new Map<string, Map<string, Referrer>>();
  const server = createServer((incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url!, registry);
    const [, listed, subject] = REFERRERS.exec(pathname) ?? [];
    if (listed !== undefined) return answerReferrers(known.get(`${listed}@${subject}`), searchParams, outgoing);
    const [, repository] = MANIFEST.exec(pathname) ?? [];
    if (incoming.method !== 'PUT' || repository === undefined) return forward(registry, incoming, outgoing, incoming);
    buffer(incoming)
      .then((manifest) => {
        const referrer = referrerIn(manifest, incoming.headers['content-type'] ?? '');
        const body = Readable.from([manifest]);
        if (referrer === undefined) return forward(registry, incoming, outgoing, body);
        forward(registry, incoming, outgoing, body, { 'oci-subject': referrer.subject });
        const key = `${repository}@${referrer.subject}`;
        known.set(key, (known.get(key) ?? new Map<string, Referrer>()).set(referrer.entry.digest, referrer.entry));
      })
      .catch(() => outgoing.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    url: `http://${host}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(
  registry: string,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  body: Readable,
  added: Readonly<Record<string, string>> = {},
): void {
  const onward = request(`${registry}${incoming.url!}`, { method: incoming.method, headers: incoming.headers });
  onward.once('response', (answer) => {
    outgoing.writeHead(answer.statusCode!, { ...answer.headers, ...added });
    pipeline(answer, outgoing).catch(() => undefined);
  });
  pipeline(body, onward).catch(() => outgoing.destroy());
}

function answerReferrers(
  known: ReadonlyMap<string, Referrer> | undefined,
  query: URLSearchParams,
  outgoing: ServerResponse,
): void {
  const artifactType = query.get('artifactType');
  const all = [...(known?.values() ?? [])];
  const manifests = artifactType === null ? all : all.filter((entry) => entry.artifactType === artifactType);
  outgoing.writeHead(200, {
    'content-type': MediaType.ociIndex,
    ...(artifactType === null ? {} : { 'oci-filters-applied': 'artifactType' }),
  });
  outgoing.end(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests }));
}

/** Returns the entry of a manifest in the list of its subject (OCI image specification 1.1). */
function referrerIn(manifest: Buffer, mediaType: string): { subject: string; entry: Referrer } | undefined {
  let fields: PushedFields;
  try {
    fields = JSON.parse(manifest.toString()) as PushedFields;
  } catch {
    return undefined;
  }
  const { subject, artifactType = fields.config?.mediaType, annotations } = fields;
  if (subject === undefined) return undefined;
  const entry = { mediaType, digest: digestOf(manifest), size: manifest.length, artifactType, annotations };
  return { subject: subject.digest, entry };
}
