import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.remove());

const FIELDS = 'version scanPolicy { blockFrom onlyFixable graceSeconds unscanned waitSeconds allowedVulnerabilities }';
const APPLY = `mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { ${FIELDS} } }`;
const UPDATE = `mutation ($input: OrganizationPatch!) { updateOrganization(name: "acme", input: $input) { ${FIELDS} } }`;
const apply = async (scanPolicy?: object | null) =>
  (await plane.ask<{ applyOrganization: Shown }>(APPLY, { input: { name: 'acme', scanPolicy } })).applyOrganization;
const update = async (input: object) =>
  (await plane.ask<{ updateOrganization: Shown }>(UPDATE, { input })).updateOrganization;
interface Shown {
  readonly version: number;
  readonly scanPolicy: object | null;
}
const FULL = {
  blockFrom: 'HIGH',
  onlyFixable: true,
  graceSeconds: 86_400,
  unscanned: 'WAIT',
  waitSeconds: 90,
  allowedVulnerabilities: ['CVE-1', 'CVE-2'],
};
const DEFAULTS = {
  onlyFixable: false,
  graceSeconds: 0,
  unscanned: 'SERVE',
  waitSeconds: 20,
  allowedVulnerabilities: [],
};

test('an organization has no scan policy by default, and a new one has defaults', async () => {
  expect(await apply()).toEqual({ version: 1, scanPolicy: null });
  expect(await apply({ blockFrom: 'CRITICAL' })).toEqual({
    version: 2,
    scanPolicy: { blockFrom: 'CRITICAL', ...DEFAULTS },
  });
});

test('applying the same scan policy with another order of its list changes nothing', async () => {
  await apply(FULL);
  const again = await apply({ ...FULL, allowedVulnerabilities: ['CVE-2', 'CVE-1', 'CVE-2'] });
  expect(again).toEqual({ version: 1, scanPolicy: FULL });
  expect(await apply()).toEqual({ version: 2, scanPolicy: null });
});

test('a patch keeps, replaces or removes the scan policy, and the audit log shows the changes', async () => {
  await apply(FULL);
  expect((await update({ description: 'x' })).scanPolicy).toEqual(FULL);
  expect((await update({ scanPolicy: { blockFrom: 'LOW' } })).scanPolicy).toEqual({ blockFrom: 'LOW', ...DEFAULTS });
  expect((await update({ scanPolicy: null })).scanPolicy).toBeNull();
  const { auditEvents } = await plane.ask<{ auditEvents: { edges: { node: { detail: string } }[] } }>(
    '{ auditEvents(filter: {kinds: [ORGANIZATION_UPDATED]}) { edges { node { detail } } } }',
  );
  const changes = auditEvents.edges.map(({ node }) => (JSON.parse(node.detail) as { changed: object }).changed);
  expect(changes[1]).toMatchObject({
    'scanPolicy.blockFrom': { from: 'HIGH', to: 'LOW' },
    'scanPolicy.allowedVulnerabilities': { from: ['CVE-1', 'CVE-2'], to: [] },
  });
  expect(changes[0]).toMatchObject({ 'scanPolicy.blockFrom': { from: 'LOW', to: null } });
});

test.each([
  ['waitSeconds', 0],
  ['waitSeconds', 101],
  ['graceSeconds', -1],
  ['graceSeconds', 315_360_001],
  ['allowedVulnerabilities', ['']],
  ['allowedVulnerabilities', ['x'.repeat(256)]],
  ['allowedVulnerabilities', Array.from({ length: 1001 }, (_, n) => `CVE-${n}`)],
])('%s = %j is rejected', async (field, value) => {
  const answer = await plane.graphql(APPLY, {
    input: { name: 'acme', scanPolicy: { blockFrom: 'LOW', [field]: value } },
  });
  expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: `input.scanPolicy.${field}` });
});

test('data planes receive the settings that they need, or null without a scan policy', async () => {
  await apply(FULL);
  const watched = plane.catalog.watch();
  const policies = async () => (await watched.snapshot()).organizations.map(({ scanPolicy }) => scanPolicy);
  expect(await policies()).toEqual([{ unscanned: 'WAIT', waitMs: 90_000 }]);
  await update({ scanPolicy: null });
  expect(await policies()).toEqual([null]);
});

test('the scan policy is deleted with its organization', async () => {
  await apply(FULL);
  await plane.ask('mutation { deleteOrganization(name: "acme") }');
  expect(await apply()).toEqual({ version: 1, scanPolicy: null });
});
