import type { JudgeImageReply } from '../../../proto/gen/layover/v1/JudgeImageReply';
import type { ScanPolicy } from '../../../proto/gen/layover/v1/ScanPolicy';
import { buildImage, createGate } from '../../support/fake-registry';
import { type Rig, startRig } from './support/data-plane-rig';
import { outcome } from './support/registry-caller';

const NAME = 'team/app';
const image = buildImage({ layers: [70_000, 300_000, 90_000], seed: 'scan-gate' });
const parts = [image.config, ...image.layers];
const WAIT: ScanPolicy = { unscanned: 'WAIT', waitMs: 20_000 };
const REFUSE: JudgeImageReply = {
  verdict: 'REFUSE',
  reason: 'one of High',
  vulnerabilities: ['CVE-2024-7'],
  goodForMs: 60_000,
};

let rig: Rig;
afterEach(() => rig.close());

async function start(scanPolicy: ScanPolicy): Promise<void> {
  rig = await startRig({ organizations: [{ name: 'acme', scanPolicy }] });
  rig.registry.content.addImage(NAME, 'latest', image);
}

/** Returns the blobs that were reported to the control plane as arrived. */
function arrived(): Set<string> {
  return new Set([...rig.catalog.records.values()].flatMap(({ blob }) => (blob?.digest ? [blob.digest] : [])));
}

/**
 * Acts as a scanner: its verdict comes when every blob of the image has been reported, as in the
 * control plane.
 */
function scans(verdict: JudgeImageReply): void {
  rig.catalog.switches.judge = async () => {
    await rig.catalog.until(() => parts.every(({ digest }) => arrived().has(digest)), 15_000);
    return verdict;
  };
}

test('holds the first pull until the image is filled and scanned, and refuses it to fifty clients with one question', async () => {
  await start(WAIT);
  scans(REFUSE);
  const pulls = Array.from({ length: 50 }, (_, at) =>
    rig.edge.manifest(at % 3 === 0 ? image.digest : 'latest', { head: at % 2 === 0 }).then(
      () => 'served',
      (error: { key: string; message: string }) => `${error.key} ${error.message}`,
    ),
  );
  for (const said of await Promise.all(pulls)) expect(said).toMatch(/^DENIED .*one of High \(CVE-2024-7\)/);
  expect(rig.catalog.count('JudgeImage')).toBe(1);
  const asked = rig.asked();
  for (const { digest } of parts)
    expect(asked.filter((line) => line.includes(digest))).toEqual([`GET /v2/${NAME}/blobs/${digest}`]);
  const records = await rig.pulls(50);
  expect(new Set(records.map(({ cacheStatus, errorCode }) => `${cacheStatus} ${errorCode}`))).toEqual(
    new Set(['REFUSED DENIED']),
  );
  expect(records[0]!.errorMessage).toContain('CVE-2024-7');
});

test('serves an image that passes the scan, without another question', async () => {
  await start(WAIT);
  scans({ verdict: 'SERVE', goodForMs: 60_000 });
  expect(await outcome(rig.edge.manifest('latest'))).toBe('MISS');
  expect(await outcome(rig.edge.manifest('latest'))).toBe('REVALIDATED');
  expect((await rig.edge.blob(image.layers[0]!.digest)).header?.cacheStatus).toBe('HIT');
  expect(rig.catalog.count('JudgeImage')).toBe(1);
});

test('fills the blobs of a waiting pull before the background, with the concurrency of client fills', async () => {
  await start(WAIT);
  const gate = createGate();
  rig.registry.quirk({ path: '/blobs/', method: 'GET', gate, gateAtBytes: 0, times: 4 });
  scans({ verdict: 'SERVE', goodForMs: 60_000 });
  const pull = outcome(rig.edge.manifest('latest'));
  let running: string[] = [];
  while (running.length < parts.length) {
    running = [...running, ...rig.asked().filter((line) => line.includes('/blobs/'))];
    await new Promise((resolve) => setImmediate(resolve));
  }
  gate.open();
  expect(await pull).toBe('MISS');
});

test('ends the wait with the name of a layer that the upstream does not have', async () => {
  await start(WAIT);
  rig.registry.quirk({ path: image.layers[1]!.digest, respond: { status: 404 } });
  rig.catalog.switches.judge = async (_request, cancelled) => {
    await cancelled;
    return {};
  };
  await expect(rig.edge.manifest('latest')).rejects.toMatchObject({
    key: 'DENIED',
    message: expect.stringContaining('it cannot be scanned'),
  });
});

test('without the control plane, changes nothing without a policy, and fails as an outage if a verdict is required', async () => {
  await start({ unscanned: 'SERVE', waitMs: 0 });
  await rig.catalog.stop();
  expect(await outcome(rig.edge.manifest('latest'))).toBe('MISS');
  await rig.catalog.start();
  await rig.configure({ name: 'acme', scanPolicy: WAIT });
  await rig.catalog.stop();
  expect(await outcome(rig.edge.manifest('latest'))).toBe('NOT_READY');
  await rig.catalog.start();
});
