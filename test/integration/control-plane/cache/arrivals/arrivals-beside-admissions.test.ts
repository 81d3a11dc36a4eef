import { admission, blobRecord, digest, layer } from '../../../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.remove());

test('a proof that arrives while another organization reserves room is good for both', async () => {
  const [first, second] = [await plane.organization('first'), await plane.organization('second')];
  const identities = [...(await plane.identities(first.organizationUid))];
  for (let round = 0; round < 25; round += 1) {
    const [name, blob] = [`image ${round}`, `layer ${round}`];
    const request = { references: [layer(blob, 1000)], tag: '' };
    await plane.catalog.call('AdmitManifest', admission(first, name, request));
    const arrival = { organizationUid: first.organizationUid, digest: digest(blob), size: 1000, identities };
    await Promise.all([
      plane.catalog.call('AdmitManifest', admission(second, name, request)),
      plane.catalog.call('RecordPulls', {
        records: [blobRecord({ ...arrival, upstreamRepository: 'library/app' }, plane.clock.now())],
      }),
    ]);
  }
  const usage = { usage: { usedBytes: String(25 * 1100), reservedBytes: '0' } };
  const fields = 'usage { usedBytes reservedBytes }';
  expect(
    await plane.ask(
      `{ first: organization(name: "first") { ${fields} } second: organization(name: "second") { ${fields} } }`,
    ),
  ).toEqual({ first: usage, second: usage });
});
