import { connect } from 'node:net';
import { buildImage } from '../support/fake-registry';
import { type SlowClient, startSlowClient } from '../support/real/blob-client';
import { type TemporaryFolder, temporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';
import { FixedLayover, READY } from './support/fixed-layover';

const MIB = 1024 * 1024;
/** So large that most of it is not in the buffers of the kernel. */
const SIZE = 32 * MIB;
const image = buildImage({ layers: [SIZE], seed: 'drain' });
const { digest } = image.layers[0]!;

describe('npm start at SIGTERM, with a client that reads slowly', () => {
  let folder: TemporaryFolder;
  let layover: FixedLayover;
  beforeEach(async () => {
    folder = await temporaryFolder('drain');
  });
  afterEach(async () => {
    await layover?.close();
    await folder.remove();
  });

  /** Starts Layover, and a client that has begun to read the blob. */
  async function start(edgeDrainSeconds: string): Promise<SlowClient> {
    layover = await FixedLayover.prepare(folder.path, {
      LAYOVER_DRAIN_SECONDS: '0',
      LAYOVER_EDGE_DRAIN_SECONDS: edgeDrainSeconds,
    });
    layover.upstream.content.addImage('team/app', 'large', image);
    await layover.start(READY);
    expect((await layover.get('manifests/large')).status).toBe(200);
    expect((await layover.get(`blobs/${digest}`)).body).toHaveLength(SIZE);
    const client = await startSlowClient(`http://${layover.edge}/v2/acme/team/app/blobs/${digest}`);
    await waitUntil('the first bytes', () => client.received() > 0);
    return client;
  }
  const refusal = (): Promise<unknown> =>
    waitUntil('the refusal of connections', async () => !(await accepts(layover.edge)));

  test('finishes the download within LAYOVER_EDGE_DRAIN_SECONDS', async () => {
    const client = await start('60');
    layover.signal('SIGTERM');
    await refusal();
    expect(await client.hurry()).toEqual({ bytes: SIZE, digest });
    expect(await layover.exited).toEqual({ code: 0, signal: null });
  }, 120_000);

  test('cuts a download that takes longer', async () => {
    const client = await start('1');
    layover.signal('SIGTERM');
    expect(await layover.exited).toEqual({ code: 0, signal: null });
    await expect(client.hurry()).rejects.toThrow('aborted');
    expect(client.received()).toBeLessThan(SIZE);
  }, 120_000);

  test('cuts the download at a second signal', async () => {
    const client = await start('3600');
    layover.signal('SIGTERM');
    await refusal();
    layover.signal('SIGTERM');
    expect(await layover.exited).toEqual({ code: 0, signal: null });
    await expect(client.hurry()).rejects.toThrow('aborted');
  }, 120_000);
});

function accepts(address: string): Promise<boolean> {
  const [host, port] = address.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host!);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
