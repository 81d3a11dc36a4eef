import { Table } from '../../../../../schema/tables';
import { MediaType } from '../../../../../common/oci/media-types';
import { admission, child, digest } from '../../../../support/control-plane/builders';
import { withTables } from '../../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

const DAY = 86_400_000;

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
  // Prevents background rounds, so that only the requested round runs.
  const lease = { name: 'garbage', owner: 'the test', valid_until: Date.UTC(2100, 0, 1) };
  await withTables(plane, (tables) => tables(Table.maintenanceLeases).insert(lease));
});
afterAll(() => plane.remove());

test('a child of two indexes is collected together with both', async () => {
  const repository = await plane.organization('acme', { expirationSeconds: 3600 }, { timeMachineSeconds: 3600 });
  const checkedAt = plane.clock.now();
  for (const name of ['index 1', 'index 2'])
    await plane.catalog.call(
      'AdmitManifest',
      admission(repository, name, {
        manifest: { mediaType: MediaType.ociIndex, digest: digest(name), size: 200 },
        references: [child('child', 0, 'amd64')],
        tag: '',
        checkedAt,
      }),
    );
  await plane.catalog.call('AdmitManifest', admission(repository, 'child', { tag: '', checkedAt }));
  const usage = '{ organization(name: "acme") { usage { manifestCount usedBytes } } }';
  expect(await plane.ask(usage)).toEqual({ organization: { usage: { manifestCount: 3, usedBytes: '500' } } });

  plane.clock.advance(DAY);
  expect(await plane.ask('mutation { collectGarbage { manifestsDeleted } }')).toEqual({
    collectGarbage: { manifestsDeleted: 3 },
  });
  expect(await plane.ask(usage)).toEqual({ organization: { usage: { manifestCount: 0, usedBytes: '0' } } });
});

test('a child whose own tag has ended stays as long as an index names it', async () => {
  const repository = await plane.organization('umbrella', { expirationSeconds: 3600 }, { timeMachineSeconds: 0 });
  const admit = (name: string, tag: string, more: object = {}): Promise<unknown> =>
    plane.catalog.call('AdmitManifest', admission(repository, name, { tag, checkedAt: plane.clock.now(), ...more }));
  await admit('the index', 'latest', {
    manifest: { mediaType: MediaType.ociIndex, digest: digest('the index'), size: 200 },
    references: [child('its child', 0, 'amd64')],
  });
  await admit('its child', 'amd64');
  plane.clock.advance(1000);
  await admit('a later child', 'amd64');
  const usage = '{ organization(name: "umbrella") { usage { manifestCount } } }';
  expect(await plane.ask('mutation { collectGarbage { manifestsDeleted } }')).toEqual({
    collectGarbage: { manifestsDeleted: 0 },
  });
  expect(await plane.ask(usage)).toEqual({ organization: { usage: { manifestCount: 3 } } });
});
