import { openPlaneSecurity } from '../../../../common/grpc/plane-security';
import { createLogger } from '../../../../common/runtime/logger';
import { systemClock } from '../../../../common/runtime/clock';
import { PLAIN_PLANES } from '../../../../common/security/plane-security-config';
import type { BlobReader } from '../../../../data-plane/src/blobs/blob-source';
import { ByteListener } from '../../../../data-plane/src/channel/byte-listener';
import type { BlobSender } from '../../../support/fake-data-plane/blob-sender';
import { PLANE_SECRET } from '../../../support/plane-secret';
import { type TestBlob, wanted } from './blobs';

const CHUNK = 256 * 1024;

/** The byte channel of a fake data plane: the one of real data planes. */
export interface TestByteChannel {
  /** Sends a blob over the byte channel. Fails like the call of a data plane. */
  serve(blob: TestBlob, sender: BlobSender, how?: ServeOptions): Promise<void>;
  /** Number of bytes that the kernel took for edges. */
  served(): number;
  /** Number of open connections. */
  connections(): number;
  /** Closes the port and all connections. */
  stop(): Promise<void>;
}

/** What happens in the middle of a blob. */
export interface ServeOptions {
  /** Bytes after which `then` is awaited, which may throw. */
  readonly upTo?: number;
  readonly then?: () => Promise<void>;
}

/** Starts a byte channel on a free loopback port. */
export async function startByteChannel(): Promise<TestByteChannel> {
  const logger = createLogger('data-plane', 'silent');
  const security = openPlaneSecurity({ ...PLAIN_PLANES, secret: PLANE_SECRET }, systemClock, logger);
  const listen = { kind: 'tcp', host: '127.0.0.1', port: 0 } as const;
  const listener = new ByteListener({ listen, sockets: security.sockets, clock: systemClock, logger });
  await listener.start();
  let served = 0;
  return {
    async serve(blob, sender, how = {}) {
      const range = wanted(sender.request, blob.content.length);
      const caller = new AbortController();
      void sender.cancelled.then(() => caller.abort());
      const reader = readerOf(blob, how);
      const onServed = (bytes: number): void => void (served += bytes);
      const offer = listener.offer({ reader, range, signal: caller.signal, onServed });
      if (offer === undefined) throw new Error('The byte channel is closed');
      const { ticket, address, sent } = offer;
      try {
        await sender.header({ size: reader.size, ...range, delivery: 'CHANNEL', channel: { ticket, ...address } });
        await sent;
      } finally {
        await offer.end();
      }
    },
    served: () => served,
    connections: () => listener.counts().connections,
    async stop() {
      await listener.stop();
      security.close();
    },
  };
}

function readerOf({ content }: TestBlob, { upTo = Infinity, then }: ServeOptions): BlobReader {
  return {
    origin: 'store',
    size: content.length,
    path: undefined,
    available: content.length,
    waitBeyond: () => Promise.resolve(content.length),
    async *read(offset, length) {
      const end = offset + length;
      const stop = Math.min(end, offset + upTo);
      for (let at = offset; at < end;) {
        if (at === stop) await then?.();
        const to = Math.min(at + CHUNK, at < stop ? stop : end);
        yield content.subarray(at, to);
        at = to;
      }
    },
    close: () => Promise.resolve(),
  };
}
