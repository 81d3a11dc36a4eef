import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { join } from 'node:path';
import { buildImage } from '../../support/fake-registry';
import { describeWith } from '../../support/real/programs';
import { mayMount, type SmallDisk, smallDisk } from '../../support/real/small-disk';
import { temporaryFolder, type TemporaryFolder } from '../../support/real/temporary-folder';
import { waitUntil } from '../../support/real/wait-until';
import { TestClock } from '../../support/test-clock';
import { applyAdmissions, type Rig, startRig } from './support/data-plane-rig';

const NAME = 'team/app';
const image = buildImage({ layers: [70_000], seed: 'first' });
const second = buildImage({ layers: [70_000], seed: 'second' });

describeWith(mayMount() ? [] : ['the right to mount'], 'a journal on a disk that becomes read-only', () => {
  let disk: SmallDisk;
  let sockets: TemporaryFolder;
  let rig: Rig;
  let clock: TestClock;

  beforeEach(async () => {
    disk = await smallDisk(16 * 1024 ** 2);
    sockets = await temporaryFolder('operations');
    clock = TestClock.running();
    rig = await startRig({
      overrides: { clock },
      config: (config) => ({
        ...config,
        home: { ...config.home, journal: disk.path },
        httpListen: { kind: 'unix', path: join(sockets.path, 'http.sock') },
      }),
    });
    rig.registry.content.addImage(NAME, 'latest', image);
    rig.registry.content.addImage(NAME, 'second', second);
  });
  afterEach(async () => {
    await rig.close();
    await disk.remove();
    await sockets.remove();
  });

  const ask = (path: string): Promise<string> =>
    new Promise((resolve, reject) => {
      request({ socketPath: join(sockets.path, 'http.sock'), path }, (response) => {
        void text(response).then((body) => resolve(`${response.statusCode} ${body}`), reject);
      })
        .on('error', reject)
        .end();
    });

  async function pull(reference: string, of: typeof image): Promise<string> {
    const { cacheStatus } = await rig.edge.manifest(reference);
    const { bytes } = await rig.edge.blob(of.layers[0]!.digest);
    expect(bytes.equals(of.layers[0]!.bytes)).toBe(true);
    return cacheStatus;
  }

  test('does not stop the data plane: it starts, serves, says so, and records again when it can', async () => {
    expect(await pull('latest', image)).toBe('MISS');
    await rig.held(image.layers[0]!.digest);
    await rig.pulls(1);
    applyAdmissions(rig.catalog);
    expect(await ask('/readyz')).toBe('200 ready\n');

    await rig.catalog.stop();
    expect(await pull('latest', image)).toBe('REVALIDATED');
    disk.setReadOnly(true);
    await rig.restart();
    // Before any pull.
    expect(await ask('/readyz')).toContain('journal: cannot be written (EROFS)');
    expect(await pull('latest', image)).toBe('REVALIDATED');
    expect(await pull('second', second)).toBe('BYPASS');
    expect(await ask('/readyz')).toMatch(/^200 ready\n/);
    const metrics = await ask('/metrics');
    expect(metrics).toContain('layover_data_journal_writable 0\n');
    expect(Number(/layover_data_journal_dropped_total (\d+)/.exec(metrics)?.[1])).toBeGreaterThanOrEqual(2);

    // What was in the journal before is delivered.
    await rig.catalog.start();
    const events = await rig.pulls(2);
    expect(events.map(({ cacheStatus }) => cacheStatus)).toEqual(['MISS', 'REVALIDATED']);

    disk.setReadOnly(false);
    clock.advance(10_000);
    await waitUntil('a journal that can be written', async () => (await ask('/readyz')) === '200 ready\n');
    expect(await pull('second', second)).toBe('MISS');
    expect((await rig.pulls(3)).map(({ reference }) => reference)).toEqual(['latest', 'latest', 'second']);
  });
});
