import type { LayoverError } from '../../../common/errors/layover-error';
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

describe('blobs of a refused image', () => {
  const SERVE: ScanPolicy = { unscanned: 'SERVE', waitMs: 0 };
  const [layer] = image.layers;
  const ACCOUNT = { username: 'robot', password: 'secret' };
  const refusal = { refusedImage: image.digest, reason: 'one of High', vulnerabilities: ['CVE-2024-7'] };

  async function startWith(proxyCache: object, scanPolicy: ScanPolicy = SERVE): Promise<void> {
    rig = await startRig({ organizations: [{ name: 'acme', scanPolicy, ...proxyCache }] });
    rig.registry.content.addImage(NAME, 'latest', image);
    rig.catalog.verdicts.set(image.digest, REFUSE);
    for (const { digest } of parts) rig.catalog.blobVerdicts.set(digest, refusal);
  }
  const said = (pull: Promise<unknown>): Promise<unknown> =>
    pull.then(
      () => 'served',
      ({ key, message, detail }: LayoverError) => ({ key, message, detail }),
    );

  test('are refused in the words of the manifest, for GET and HEAD, where the upstream has our credentials', async () => {
    await startWith(ACCOUNT);
    const manifest = await said(rig.edge.manifest(image.digest));
    expect(manifest).toMatchObject({ key: 'DENIED' });
    for (const { digest } of parts) {
      expect(await said(rig.edge.stat(digest))).toEqual(manifest);
      expect((await rig.edge.blob(digest)).failure).toBe('DENIED');
    }
    expect(rig.asked().filter((line) => line.includes('/blobs/'))).toEqual([]);
  });

  test('are served where everybody gets them from the upstream, and without a policy, and nobody is asked', async () => {
    await startWith({});
    expect((await rig.edge.blob(layer!.digest)).failure).toBeUndefined();
    await rig.configure({ name: 'acme', ...ACCOUNT });
    expect((await rig.edge.blob(layer!.digest)).failure).toBeUndefined();
    expect(rig.catalog.count('JudgeBlob')).toBe(0);
  });

  test('a blob that is served is asked about once, and again after a change of the configuration', async () => {
    await startWith(ACCOUNT);
    rig.catalog.blobVerdicts.set(layer!.digest, { goodForMs: 60_000 });
    for (let n = 0; n < 5; n += 1) expect((await rig.edge.blob(layer!.digest)).failure).toBeUndefined();
    expect(rig.catalog.count('JudgeBlob')).toBe(1);
    rig.catalog.blobVerdicts.set(layer!.digest, refusal);
    await rig.configure({ name: 'acme', scanPolicy: { ...SERVE, waitMs: 1 }, ...ACCOUNT });
    expect((await rig.edge.blob(layer!.digest)).failure).toBe('DENIED');
  });

  test('a refusal is not remembered, so that an image that is admitted meanwhile can be pulled', async () => {
    await startWith(ACCOUNT);
    expect((await rig.edge.blob(layer!.digest)).failure).toBe('DENIED');
    rig.catalog.blobVerdicts.delete(layer!.digest);
    expect((await rig.edge.blob(layer!.digest)).failure).toBeUndefined();
  });

  test('are served while the control plane is unreachable', async () => {
    await startWith(ACCOUNT);
    await rig.catalog.stop();
    expect((await rig.edge.blob(layer!.digest)).failure).toBeUndefined();
    await rig.catalog.start();
  });

  test('are filled for a scan', async () => {
    await startWith(ACCOUNT, WAIT);
    scans(REFUSE);
    expect(await said(rig.edge.manifest('latest'))).toMatchObject({ key: 'DENIED' });
    expect([...arrived()].sort()).toEqual(parts.map(({ digest }) => digest as string).sort());
  });
});
