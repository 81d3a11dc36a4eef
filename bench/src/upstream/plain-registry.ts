import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

interface StoredManifest {
  readonly mediaType: string;
  readonly content: Buffer;
  readonly digest: string;
}

/**
 * A minimal registry for machines without docker-registry. Stores images without checks and forgets
 * its manifests when it ends. Usage: `node plain-registry.js <folder>`; prints `listening on
 * <host:port>`.
 */
function main(folder: string): void {
  const manifests = new Map<string, StoredManifest>();
  const server = createServer((request, response) => {
    answer(folder, manifests, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`listening on 127.0.0.1:${port}\n`);
  });
  process.on('SIGTERM', () => process.exit(0));
}

async function answer(
  folder: string,
  manifests: Map<string, StoredManifest>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url!, 'http://localhost');
  const [, name = '', kind = '', last = ''] =
    /^\/v2\/(.+)\/(manifests|blobs|blobs\/uploads)\/([^/]*)$/.exec(url.pathname) ?? [];
  const blobFile = (digest: string): string => join(folder, digest.replace(':', '-'));
  if (url.pathname === '/v2/') return void response.end('{}');
  if (kind === 'blobs/uploads') {
    const id = last === '' ? randomUUID() : last;
    if (request.method === 'PATCH') await pipeline(request, createWriteStream(join(folder, id)));
    const digest = url.searchParams.get('digest');
    if (digest !== null) await rename(join(folder, id), blobFile(digest));
    response.writeHead(digest === null ? 202 : 201, { Location: `/v2/${name}/blobs/uploads/${id}` });
    return void response.end();
  }
  if (kind === 'manifests' && request.method === 'PUT') return putManifest(manifests, name, last, request, response);
  const manifest = manifests.get(`${name} ${last}`);
  if (kind === 'manifests' && manifest !== undefined) {
    response.writeHead(200, {
      'Content-Type': manifest.mediaType,
      'Content-Length': manifest.content.length,
      'Docker-Content-Digest': manifest.digest,
    });
    return void response.end(request.method === 'HEAD' ? undefined : manifest.content);
  }
  const size =
    kind === 'blobs'
      ? await stat(blobFile(last)).then(
          ({ size }) => size,
          () => undefined,
        )
      : undefined;
  if (size === undefined) {
    response.writeHead(404, { 'Content-Type': 'application/json' });
    return void response.end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
  }
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': size,
    'Docker-Content-Digest': last,
  });
  if (request.method === 'HEAD') return void response.end();
  await pipeline(createReadStream(blobFile(last), { highWaterMark: 512 * 1024 }), response);
}

async function putManifest(
  manifests: Map<string, StoredManifest>,
  name: string,
  reference: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const content = Buffer.concat(chunks);
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const manifest = { mediaType: request.headers['content-type'] ?? '', content, digest };
  manifests.set(`${name} ${reference}`, manifest);
  manifests.set(`${name} ${digest}`, manifest);
  response.writeHead(201, { Location: `/v2/${name}/manifests/${digest}` });
  response.end();
}

main(process.argv[2]!);
