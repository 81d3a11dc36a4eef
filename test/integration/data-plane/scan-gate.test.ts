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

/** Returns the blobs whose arrival was reported to the control plane. */
function arrived(): Set<string> {
  return new Set([...rig.catalog.records.values()].flatMap(({ blob }) => (blob?.digest ? [blob.digest] : [])));
}

/**
 * Simulates a scanner: like in the control plane, the verdict comes when all blobs of the image
 * were reported.
 */
function scans(verdict: JudgeImageReply): void {
  rig.catalog.switches.judge = async () => {
    await rig.catalog.until(() => parts.every(({ digest }) => arrived().has(digest)), 15_000);
    return verdict;
  };
}

test('the gate holds the first pull: the image is filled, scanned and refused for fifty clients with one call', async () => {
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
  // The records of the others are combined (ADR 35).
  const records = await rig.pulls(10);
  expect(new Set(records.map(({ cacheStatus, errorCode }) => `${cacheStatus} ${errorCode}`))).toEqual(
    new Set(['REFUSED DENIED']),
  );
  expect(records[0]!.errorMessage).toContain('CVE-2024-7');
});

test('the gate serves a good image without another call', async () => {
  await start(WAIT);
  scans({ verdict: 'SERVE', goodForMs: 60_000 });
  expect(await outcome(rig.edge.manifest('latest'))).toBe('MISS');
  expect(await outcome(rig.edge.manifest('latest'))).toBe('REVALIDATED');
  expect((await rig.edge.blob(image.layers[0]!.digest)).header?.cacheStatus).toBe('HIT');
  expect(rig.catalog.count('JudgeImage')).toBe(1);
});

test('the fills of waiting clients have the priority of clients', async () => {
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

test('a layer that is missing at the upstream ends the wait and is named in the error', async () => {
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

test('without the control plane, an organization without a policy works, and one that needs a verdict gets an outage', async () => {
  await start({ unscanned: 'SERVE', waitMs: 0 });
  await rig.catalog.stop();
  expect(await outcome(rig.edge.manifest('latest'))).toBe('MISS');
  await rig.catalog.start();
  await rig.configure({ name: 'acme', scanPolicy: WAIT });
  await rig.catalog.stop();
  expect(await outcome(rig.edge.manifest('latest'))).toBe('NOT_READY');
  await rig.catalog.start();
});
