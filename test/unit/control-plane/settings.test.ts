import { startControlPlane, type TestControlPlane } from '../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.remove());

const READ =
  '{ systemSettings { proxyCacheEnabled quotaManagementEnabled scanningEnabled version heldByEnvironment } }';
const UPDATE = `mutation ($input: SystemSettingsInput!, $version: Int) {
  updateSystemSettings(input: $input, expectedVersion: $version) { proxyCacheEnabled quotaManagementEnabled version } }`;

test('changes what is named, once, and writes it down', async () => {
  const input = { quotaManagementEnabled: false };
  const first = await plane.ask(UPDATE, { input, version: 1 });
  expect(first).toEqual({
    updateSystemSettings: { proxyCacheEnabled: true, quotaManagementEnabled: false, version: 2 },
  });
  expect(await plane.ask(UPDATE, { input })).toEqual(first);
  const stale = await plane.graphql(UPDATE, { input: { proxyCacheEnabled: false }, version: 1 });
  expect(stale.errors?.[0]?.extensions).toEqual({ code: 'VERSION_CONFLICT', field: 'expectedVersion' });
  const { auditEvents } = await plane.ask('{ auditEvents { edges { node { kind actor detail } } } }');
  expect(auditEvents).toEqual({
    edges: [
      {
        node: {
          kind: 'SETTINGS_UPDATED',
          actor: 'token:admin',
          detail: '{"changed":{"quotaManagementEnabled":{"from":true,"to":false}}}',
        },
      },
    ],
  });
});

test('what the environment holds wins, says so, and cannot be turned the other way', async () => {
  await plane.restart({ LAYOVER_FEATURE_PROXY_CACHE: '0' });
  expect(await plane.ask(READ)).toEqual({
    systemSettings: {
      proxyCacheEnabled: false,
      quotaManagementEnabled: true,
      scanningEnabled: false,
      version: 1,
      heldByEnvironment: ['proxyCacheEnabled'],
    },
  });
  expect((await plane.catalog.watch().snapshot()).settings?.proxyCacheEnabled).toBe(false);
  const answer = await plane.graphql(UPDATE, { input: { proxyCacheEnabled: true } });
  expect(answer.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'input.proxyCacheEnabled' });
  expect(answer.errors?.[0]?.message).toContain('LAYOVER_FEATURE_PROXY_CACHE');
});
