import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startBlobClient } from '../support/real/blob-client';
import { send } from '../support/real/http-client';
import { describeWith } from '../support/real/programs';
import { pushImage } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';
import { waitUntil } from '../support/real/wait-until';

const MIB = 1024 * 1024;

describeWith(STAGE_PROGRAMS, 'a data plane that is killed during a fill', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage();
    await stage.createOrganization('acme', { completeImages: false });
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  const filesIn = async (folder: string): Promise<string[]> => {
    const entries = await readdir(join(stage.layover.home, folder), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  };

  test('goes on with the blob, leaves no spool file, and serves the complete blob afterwards', async () => {
    const layer = { seed: 'crash', tarBytes: 8 * MIB, compressed: false };
    const image = await pushImage(stage.upstream, { repository: 'crash/image', tag: 'v1', layers: [layer] });
    const { digest, size } = image.layers[0]!;
    const url = `${stage.layover.url}/v2/acme/crash/image/blobs/${digest}`;
    await send({ url: `${stage.layover.url}/v2/acme/crash/image/manifests/v1` });

    const hold = stage.relay.holdBody(digest, 4 * MIB);
    const client = startBlobClient({ url });
    await hold.reached;
    await client.started;
    expect(await filesIn('spool')).not.toEqual([]);
    expect((await filesIn('blobs')).filter((name) => name.includes(digest.slice('sha256:'.length)))).toEqual([]);
    await stage.layover.killPlane('data-plane');
    expect(await client.done).toEqual({ status: 200, bytes: size, digest });
    hold.release();

    await waitUntil('readiness', async () => (await send({ url: `${stage.layover.url}/readyz` })).status === 200);
    await waitUntil('an empty spool', async () => (await filesIn('spool')).length === 0);

    const again = await startBlobClient({ url }).done;
    expect(again).toEqual({ status: 200, bytes: size, digest });
    const copied = await stage.skopeo.copy(`${stage.layover.host}/acme/crash/image:v1`);
    expect(copied.manifest.equals(image.manifest)).toBe(true);
  }, 60_000);
});
