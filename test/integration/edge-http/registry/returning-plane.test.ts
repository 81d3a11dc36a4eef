import { connect, createServer, type Server, type Socket } from 'node:net';
import { type FakeDataPlane, startFakeDataPlane } from '../../../support/fake-data-plane/start-fake-data-plane';
import { createEdge } from '../../../../edge-http/src/app';
import { readEdgeConfig } from '../../../../edge-http/src/config';
import { createLogger } from '../../../../common/runtime/logger';
import { BlobFolder, serveInline } from '../support/blobs';
import { get } from '../support/http-client';
import { PLANE_SECRET } from '../../../support/plane-secret';

/** A TCP relay to a data plane that can refuse new connections. Existing ones are not affected. */
class Relay {
  /** Called for each refused connection. */
  onRefused: (() => void) | undefined;
  isRefusing = false;
  private readonly sockets = new Set<Socket>();
  private readonly server: Server;

  constructor(private readonly plane: FakeDataPlane) {
    this.server = createServer((socket) => this.accept(socket));
  }

  /** Starts the relay. Resolves with its port. */
  async start(): Promise<number> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return (this.server.address() as { port: number }).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private accept(socket: Socket): void {
    socket.on('error', () => undefined);
    if (this.isRefusing) {
      socket.destroy();
      this.onRefused?.();
      return;
    }
    const { port } = this.plane.address as { port: number };
    const onward = connect(port, '127.0.0.1');
    onward.on('error', () => undefined);
    for (const one of [socket, onward]) this.sockets.add(one);
    socket.on('close', () => onward.destroy());
    onward.on('close', () => socket.destroy());
    socket.pipe(onward).pipe(socket);
  }
}

test('a blob waits for its connection to the only data plane, which accepts other calls already', async () => {
  const blobs = new BlobFolder();
  const blob = blobs.make(1000);
  const plane = await startFakeDataPlane({ readBlob: (_request, sender) => serveInline(blob, sender) });
  const relay = new Relay(plane);
  const port = await relay.start();
  const edge = createEdge(
    {
      ...readEdgeConfig({ LAYOVER_PLANE_SECRET: PLANE_SECRET }),
      listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      dataPlanes: [{ kind: 'tcp', host: '127.0.0.1', port }],
      drainSeconds: 0,
    },
    { logger: createLogger('edge-http', 'silent') },
  );
  try {
    // Resolves when the health watch has connected. The connection for blobs comes with the first
    // blob.
    const [host, edgePort] = (await edge.start()).address.split(':') as [string, string];
    relay.isRefusing = true;
    relay.onRefused = () => (relay.isRefusing = false);
    const answer = await get({ host, port: Number(edgePort) }, blob.path);
    expect(answer.status).toBe(200);
    expect(answer.body.equals(blob.content)).toBe(true);
    expect(relay.isRefusing).toBe(false);
  } finally {
    await edge.stop();
    await relay.stop();
    await plane.stop();
    blobs.remove();
  }
});
