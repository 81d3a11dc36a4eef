import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Deferred } from '../../../../../common/async/deferred';
import { digestOf } from '../../../../../common/oci/digest';
import { systemClock } from '../../../../../common/runtime/clock';
import { ClairClient } from '../../../../../control-plane/src/scan/clair/clair-client';
import { alpineLayer } from '../../../../support/real/alpine-layer';
import { CLAIR_PROGRAMS, CLAIR_PSK, type RunningClair, startClair } from '../../../../support/real/clair';
import { describeWith } from '../../../../support/real/programs';
import { layerStream } from '../../../../support/real/tar-layer';

describeWith(CLAIR_PROGRAMS, 'the real Clair', () => {
  let clair: RunningClair;
  beforeAll(async () => {
    clair = await startClair();
  }, 120_000);
  afterAll(() => clair?.stop(), 60_000);

  test('says during an indexing how far it is, which is how a lost answer is noticed', async () => {
    const bytes = Buffer.concat(
      (await layerStream(alpineLayer('slow', '1.2.3-r0'), () => undefined).toArray()) as Buffer[],
    );
    const fetched = new Deferred();
    const goOn = new Deferred();
    const layers = createServer((_request, response) => {
      fetched.resolve();
      void goOn.promise.then(() => response.end(bytes));
    });
    await new Promise<void>((resolve) => layers.listen(0, '127.0.0.1', resolve));
    const uri = `http://127.0.0.1:${(layers.address() as AddressInfo).port}/layer`;
    const psk = Buffer.from(CLAIR_PSK, 'base64');
    const client = new ClairClient({ clairUrl: clair.url, psk, issuer: 'layover', concurrency: 2 }, systemClock);
    const { signal } = new AbortController();
    const image = digestOf(Buffer.from('an image that is indexed slowly'));
    try {
      expect(await client.storedIndex(image, signal)).toBe('unknown');
      const indexed = client.index(image, [{ hash: digestOf(bytes), uri, headers: {} }], undefined, signal);
      await fetched.promise;
      expect(await client.storedIndex(image, signal)).toBe('running');
      goOn.resolve();
      expect(await indexed).toEqual({ kind: 'indexed', state: await client.indexState(undefined, signal) });
      expect(await client.storedIndex(image, signal)).toEqual(await indexed);
    } finally {
      goOn.resolve();
      client.close();
      layers.closeAllConnections();
      await new Promise((resolve) => layers.close(resolve));
    }
  }, 60_000);
});
