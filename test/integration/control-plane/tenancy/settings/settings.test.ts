import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.remove());

const READ =
  '{ systemSettings { proxyCacheEnabled quotaManagementEnabled scanningEnabled version heldByEnvironment } }';
const UPDATE = `mutation ($input: SystemSettingsInput!, $version: Int) {
  updateSystemSettings(input: $input, expectedVersion: $version) { proxyCacheEnabled quotaManagementEnabled version } }`;

test('an update changes the named switches once and is audited', async () => {
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

test('a switch that the environment forces is reported and cannot be changed to the other value', async () => {
  await plane.restart({ LAYOVER_FEATURE_PROXY_CACHE: '0' });
  expect(await plane.ask(READ)).toEqual({
    systemSettings: {
      proxyCacheEnabled: false,
      quotaManagementEnabled: true,
      scanningEnabled: true,
      version: 1,
      heldByEnvironment: ['proxyCacheEnabled'],
    },
  });
  expect((await plane.catalog.watch().snapshot()).settings?.proxyCacheEnabled).toBe(false);
  const answer = await plane.graphql(UPDATE, { input: { proxyCacheEnabled: true } });
  expect(answer.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'input.proxyCacheEnabled' });
  expect(answer.errors?.[0]?.message).toContain('LAYOVER_FEATURE_PROXY_CACHE');
});

test('a refused change changes no other switch, and the forced value can be stored', async () => {
  await plane.restart({ LAYOVER_FEATURE_QUOTA_MANAGEMENT: 'off' });
  const refused = await plane.graphql(UPDATE, { input: { proxyCacheEnabled: false, quotaManagementEnabled: true } });
  expect(refused.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'input.quotaManagementEnabled' });
  expect(await plane.ask(UPDATE, { input: {} })).toEqual({
    updateSystemSettings: { proxyCacheEnabled: true, quotaManagementEnabled: false, version: 1 },
  });
  await plane.ask(UPDATE, { input: { quotaManagementEnabled: false } });
  await plane.restart({ LAYOVER_FEATURE_QUOTA_MANAGEMENT: '' });
  expect(await plane.ask(READ)).toMatchObject({
    systemSettings: { quotaManagementEnabled: false, version: 2, heldByEnvironment: [] },
  });
});

test('scanningEnabled is stored, and null leaves a switch unchanged', async () => {
  await plane.ask(UPDATE, { input: { scanningEnabled: false, proxyCacheEnabled: null } });
  await plane.restart();
  expect(await plane.ask(READ)).toMatchObject({
    systemSettings: { proxyCacheEnabled: true, scanningEnabled: false, version: 2 },
  });
});

test('data planes receive a change at once', async () => {
  const watch = plane.catalog.watch();
  expect((await watch.snapshot()).settings).toMatchObject({ proxyCacheEnabled: true });
  await plane.ask(UPDATE, { input: { proxyCacheEnabled: false } });
  // The clock does not advance, so this is not from polling.
  expect((await watch.snapshot()).settings).toMatchObject({ proxyCacheEnabled: false });
});

test('only one of two concurrent changes with an expected version succeeds', async () => {
  const answers = await Promise.all(
    [{ proxyCacheEnabled: false }, { quotaManagementEnabled: false }].map((input) =>
      plane.graphql(UPDATE, { input, version: 1 }),
    ),
  );
  expect(answers.map((answer) => answer.errors?.[0]?.extensions.code ?? 'changed').sort()).toEqual([
    'VERSION_CONFLICT',
    'changed',
  ]);
  expect(await plane.ask(READ)).toMatchObject({ systemSettings: { version: 2 } });
});
