import { buildImage, createGate } from '../support/fake-registry';
import { startBlobClient } from '../support/real/blob-client';
import { standaloneProgram } from '../support/real/layover';
import { isAlive } from '../support/real/process-tree';
import { runProgram } from '../support/real/run-program';
import { type TemporaryFolder, temporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';
import { FixedLayover, READY } from './support/fixed-layover';

const KILLS = 6;

let folder: TemporaryFolder;
let layover: FixedLayover;
beforeAll(async () => {
  folder = await temporaryFolder('orphans');
  // A plane that takes its whole drain time would be in the way of the next start.
  layover = await FixedLayover.prepare(folder.path, { LAYOVER_DRAIN_SECONDS: '600' });
}, 60_000);
afterAll(async () => {
  await layover?.close();
  await folder?.remove();
}, 60_000);

test('starts at once after kill -9 of the parent, on the same ports and in the same home', async () => {
  await layover.start(READY);
  for (let kill = 0; kill < KILLS; kill += 1) {
    const orphans = layover.planePids();
    expect(orphans).toHaveLength(3);
    layover.signal('SIGKILL');
    await layover.exited;
    await layover.start(READY);
    expect(orphans.filter(isAlive)).toEqual([]);
    await layover.pull();
  }
  await layover.stop();
}, 120_000);

test('the planes of a parent that is killed let running responses end, but not for the whole drain time', async () => {
  const { upstream } = layover;
  const endless = buildImage({ layers: [2_000_000], seed: 'endless' });
  const [blob] = endless.layers;
  upstream.content.addImage('team/app', 'endless', endless);
  const gate = createGate();
  upstream.quirk({ path: blob!.digest, method: 'GET', gate, gateAtBytes: 1_000_000 });
  await layover.start(READY);
  expect((await layover.get('manifests/endless')).status).toBe(200);
  const client = startBlobClient({ url: `http://${layover.edge}/v2/acme/team/app/blobs/${blob!.digest}` });
  const outcome = client.done.then(
    () => 'whole',
    () => 'cut',
  );
  await client.started;
  const orphans = layover.planePids();
  layover.signal('SIGKILL');
  await layover.exited;
  // The next start waits for the orphans, which wait for the client.
  await layover.start(READY);
  expect(orphans.filter(isAlive)).toEqual([]);
  expect(await outcome).toBe('cut');
  gate.open();
  await layover.pull();
  await layover.stop();
}, 120_000);

test('a second data plane in a home is refused by name, and touches nothing', async () => {
  await layover.start(READY);
  const result = await layover.run('data-plane/src/main.js');
  expect(result.code).toBe(75);
  expect(result.stderr).toMatch(
    new RegExp(`LAYOVER_HOME=${folder.path} is in use by another data plane \\(process \\d+\\)\\. Stop that process`),
  );
  await layover.pull();
  await layover.stop();
}, 120_000);

test('a second npm start in a home is refused at once', async () => {
  await layover.start(READY);
  const result = await runProgram(process.execPath, [standaloneProgram()], { env: layover.environment });
  expect(result.code).toBe(75);
  expect(result.stderr).toContain(`LAYOVER_HOME=${folder.path} is in use by another npm start (process `);
  await waitUntil('readiness', async () => (await layover.readiness()).status === 200);
  await layover.stop();
}, 120_000);
