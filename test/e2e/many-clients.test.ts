import { send } from '../support/real/http-client';
import { startBlobClient, startSlowClient } from '../support/real/blob-client';
import { describeWith } from '../support/real/programs';
import { pushImage } from '../support/real/push-image';
import { type Stage, startStage, STAGE_PROGRAMS } from '../support/real/stage';
import { tarChunks } from '../support/real/tar-layer';
import { waitUntil } from '../support/real/wait-until';

const MIB = 1024 * 1024;

describeWith(STAGE_PROGRAMS, 'many clients of one cold blob', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage();
    // Without direct ranges, so that every client uses the fill.
    await stage.createOrganization('acme', { completeImages: false, directRanges: false });
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  test('get the complete blob from one upstream request, and their first bytes before the fill ends', async () => {
    const layer = { seed: 'many', tarBytes: 16 * MIB, compressed: false };
    const content = Buffer.concat([...tarChunks(layer)]);
    const image = await pushImage(stage.upstream, { repository: 'many/image', tag: 'v1', layers: [layer] });
    const { digest, size } = image.layers[0]!;
    const url = `${stage.layover.url}/v2/acme/many/image/blobs/${digest}`;
    await send({ url: `${stage.layover.url}/v2/acme/many/image/manifests/v1` });
    stage.relay.reset();

    const hold = stage.relay.holdBody(digest, 4 * MIB);
    const whole = Array.from({ length: 61 }, () => startBlobClient({ url }));
    const leaving = startBlobClient({ url, leaveAfter: MIB });
    const range = { first: 9 * MIB + 17, last: 10 * MIB + 4 };
    const middle = send({ url, headers: { Range: `bytes=${range.first}-${range.last}` } });
    const slow = await startSlowClient(url);

    // The upstream has sent a quarter and pauses. A client that has bytes now got them during the
    // fill.
    await hold.reached;
    expect(await Promise.all(whole.map(({ started }) => started))).toEqual(whole.map(() => 200));
    await leaving.done;
    await waitUntil('the slow client to read something', () => slow.received() > 0);
    hold.release();

    for (const { status, bytes, digest: got } of await Promise.all(whole.map(({ done }) => done))) {
      expect({ status, bytes, got }).toEqual({ status: 200, bytes: size, got: digest });
    }
    const part = await middle;
    expect([part.status, part.headers['content-range']]).toEqual([206, `bytes ${range.first}-${range.last}/${size}`]);
    expect(part.body.equals(content.subarray(range.first, range.last + 1))).toBe(true);
    // A client that reads 1 KiB per second slows down no other client, and loses no bytes.
    expect(slow.received()).toBeLessThan(MIB);
    expect(await slow.hurry()).toEqual({ bytes: size, digest });

    expect(stage.relay.lines()).toEqual([`GET /v2/many/image/blobs/${digest} 200`]);
    expect(stage.relay.bytesOf(digest)).toBe(size);
  }, 60_000);

  test('are served by a fill that continued after all earlier clients had disconnected', async () => {
    const layer = { seed: 'left', tarBytes: 8 * MIB, compressed: false };
    const image = await pushImage(stage.upstream, { repository: 'left/image', tag: 'v1', layers: [layer] });
    const { digest, size } = image.layers[0]!;
    const url = `${stage.layover.url}/v2/acme/left/image/blobs/${digest}`;
    await send({ url: `${stage.layover.url}/v2/acme/left/image/manifests/v1` });
    stage.relay.reset();
    const hold = stage.relay.holdBody(digest, 2 * MIB);
    await startBlobClient({ url, leaveAfter: MIB }).done;
    await hold.reached;
    hold.release();
    await stage.settled([digest]);
    const { bytes, digest: got } = await startBlobClient({ url }).done;
    expect({ bytes, got }).toEqual({ bytes: size, got: digest });
    expect(stage.relay.bytesOf(digest)).toBe(size);
    expect(stage.relay.lines()).toHaveLength(1);
  }, 30_000);
});
