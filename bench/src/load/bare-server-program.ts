import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Bytes of one write of a blob. */
const CHUNK = Buffer.alloc(1024 * 1024);
const MANIFEST = Buffer.alloc(1024, '{"manifest": true}');

/**
 * An HTTP server that does nothing but answer: the most that the load client can measure. `GET
 * /manifest` returns 1 KiB, `GET /blob/<bytes>` that many bytes. Prints `listening on <host:port>`.
 */
function main(): void {
  const server = createServer((request, response) => {
    const bytes = /^\/blob\/(\d+)$/.exec(request.url!)?.[1];
    if (bytes !== undefined) return sendBlob(Number(bytes), response);
    response.writeHead(200, {
      'Content-Type': 'application/vnd.oci.image.manifest.v1+json',
      'Content-Length': MANIFEST.length,
    });
    response.end(MANIFEST);
  });
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    process.stdout.write(`listening on 127.0.0.1:${port}\n`);
  });
  process.on('SIGTERM', () => process.exit(0));
}

function sendBlob(bytes: number, response: ServerResponse): void {
  let left = bytes;
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': bytes });
  const more = (): void => {
    while (left > 0) {
      const chunk = left >= CHUNK.length ? CHUNK : CHUNK.subarray(0, left);
      left -= chunk.length;
      if (!response.write(chunk)) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

main();
