import { type BuiltImage, buildImage, type FakeRegistry, startFakeRegistry } from '../support/fake-registry';
import { FakeClair } from '../support/fake-clair';
import { freePort } from '../support/real/free-port';
import { graphqlClient } from '../support/real/graphql-client';
import { basicAuthorization, send } from '../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../support/real/layover-in-process';
import { waitUntil } from '../support/real/wait-until';

const VULNERABILITY = 'CVE-2026-0001';
const REPOSITORY = 'team/app';
/** Images with equal sizes: one that the victim holds, and one that nobody holds. */
const held = buildImage({ layers: [300_000, 20_000], seed: 'of the victim' });
const absent = buildImage({ layers: [300_000, 20_000], seed: 'of nobody yet' });

let clair: FakeClair;
let layover: InProcessLayover;
let victims: FakeRegistry;
let hostile: FakeRegistry;

beforeAll(async () => {
  clair = await FakeClair.start();
  for (const { digest } of [held, absent])
    clair.found.set(digest, [{ name: VULNERABILITY, severity: 'Critical', package: 'ssl' }]);
  victims = await startFakeRegistry({
    auth: { kind: 'basic', users: { victim: { password: 'of the victim', repositories: 'all' } } },
  });
  victims.content.addImage(REPOSITORY, 'latest', held);
  hostile = await startFakeRegistry();
  const edge = `127.0.0.1:${await freePort()}`;
  layover = await startLayoverInProcess({
    env: {
      LAYOVER_EDGE_LISTEN: edge,
      LAYOVER_SCAN_EDGE_URL: `http://${edge}`,
      LAYOVER_CLAIR_URL: clair.url,
      LAYOVER_COMPLETION_DELAY_SECONDS: '0',
      LAYOVER_DRAIN_SECONDS: '1',
    },
  });
  await setScanning(true);
  await victimPulls();
});
afterAll(async () => {
  await layover.stop();
  await Promise.all([victims.close(), hostile.close(), clair.stop()]);
});

/** Lets a client of the victim pull the image, and waits until it is scanned. */
async function victimPulls(): Promise<void> {
  await layover.graphql.run('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { name } }', {
    input: {
      name: 'victim',
      visibility: 'PRIVATE',
      proxyCache: {
        upstream: victims.host,
        insecure: true,
        upstreamUsername: 'victim',
        upstreamPassword: 'of the victim',
      },
    },
  });
  const { createRobot: robot } = await layover.graphql.run<{ createRobot: { username: string; secret: string } }>(
    'mutation { createRobot(organization: "victim", name: "ci") { username secret } }',
  );
  const authorization = basicAuthorization({ username: robot.username, password: robot.secret });
  await pull('victim', held, authorization);
  await waitUntil('the scan of the image', async () => {
    const { manifest } = await layover.graphql.run<{ manifest: { scan: { state: string } | null } | null }>(
      'query ($d: Digest!) { manifest(organization: "victim", repository: "team/app", digest: $d) { scan { state } } }',
      { d: held.digest },
    );
    return manifest?.scan?.state === 'COMPLETED';
  });
}

/** Pulls an image as a client does. Blobs that the organization does not get are left out. */
async function pull(organization: string, image: BuiltImage, authorization?: string): Promise<void> {
  const headers = { accept: image.mediaType, ...(authorization === undefined ? {} : { authorization }) };
  const url = `${layover.url}/v2/${organization}/${REPOSITORY}`;
  await waitUntil(`the manifest from ${organization}`, async () => {
    const { status } = await send({ method: 'GET', url: `${url}/manifests/latest`, headers });
    return status === 200;
  });
  for (const { digest } of [image.config, ...image.layers])
    await send({ method: 'GET', url: `${url}/blobs/${digest}`, headers });
}

/** Creates an organization whose upstream names an image of somebody else, and pulls from it. */
async function joinHostile(name: string, image: BuiltImage): Promise<ReturnType<typeof graphqlClient>> {
  hostile.content.addManifest(`${name}/${REPOSITORY}`, 'latest', image.manifest, image.mediaType);
  await layover.graphql.run('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { name } }', {
    input: { name, proxyCache: { upstream: `${hostile.host}/${name}`, insecure: true } },
  });
  const { createApiToken } = await layover.graphql.run<{ createApiToken: { token: string } }>(
    'mutation ($name: String!) { createApiToken(name: "spy", role: MANAGER, organization: $name) { token } }',
    { name },
  );
  const manager = graphqlClient(`${layover.controlUrl}/graphql`, createApiToken.token);
  await pull(name, image);
  return manager;
}

async function setScanning(scanningEnabled: boolean): Promise<void> {
  await layover.graphql.run(
    'mutation ($input: SystemSettingsInput!) { updateSystemSettings(input: $input) { scanningEnabled } }',
    { input: { scanningEnabled } },
  );
}

/**
 * Lets a manager take over the upstream of an organization, which then names an image of somebody
 * else, and returns everything that the manager learns from GraphQL, before and after a rescan.
 */
async function spy(name: string, image: BuiltImage): Promise<unknown> {
  const manager = await joinHostile(name, image);
  const answer = await learn(manager, name, image);
  await manager.run(
    'mutation ($name: String!, $d: Digest!) { rescanManifest(organization: $name, repository: "team/app", digest: $d) { state } }',
    { name, d: image.digest },
  );
  const later = await manager.run(LEARN, { name, d: image.digest });
  return [answer, later];
}

/**
 * Returns what the manager learns when the reports of the missing blobs have ended their
 * reservations.
 */
async function learn(manager: ReturnType<typeof graphqlClient>, name: string, image: BuiltImage): Promise<unknown> {
  return waitUntil(`the manifest of ${name}`, async () => {
    const found = await manager.run<{
      manifest: object | null;
      organization: { usage: { reservedBytes: string } };
    }>(LEARN, { name, d: image.digest });
    return found.manifest === null || found.organization.usage.reservedBytes !== '0' ? undefined : found;
  });
}

const LEARN = `query ($name: String!, $d: Digest!) {
  organization(name: $name) { usage { usedBytes reservedBytes timeMachineBytes manifestCount blobCount } }
  repository(organization: $name, name: "team/app") {
    usage { usedBytes reservedBytes blobCount }
    tags { edges { node { name state sizeBytes } } } }
  manifest(organization: $name, repository: "team/app", digest: $d) {
    completeness layers { sizeBytes cached }
    scan { state queuedAt startedAt reportedAt nextAttemptAt indexerState attempts error
      summary { total fixable highest } vulnerabilities { totalCount edges { node { name } } } } }
  vulnerability(name: "${VULNERABILITY}") { totalCount edges { node { manifest { digest } } } }
  auditEvents(filter: { kinds: [SCAN_COMPLETED, SCAN_FAILED, SCAN_REQUESTED, QUOTA_WARNING] }) { edges { node { kind } } } }`;

test('a manager learns nothing about content of others from cached, completeness, usage, scans and affected images', async () => {
  const [known, unknown] = [await spy('spy-held', held), await spy('spy-none', absent)];
  expect(known).toEqual(unknown);
  expect(known).toMatchObject([
    {
      organization: { usage: { usedBytes: String(held.manifest.length), blobCount: 0 } },
      manifest: {
        completeness: 'PARTIAL',
        layers: [{ cached: false }, { cached: false }],
        scan: { state: 'WAITING_FOR_LAYERS', vulnerabilities: { totalCount: 0, edges: [] } },
      },
      vulnerability: { totalCount: 0, edges: [] },
      auditEvents: { edges: [] },
    },
    {},
  ]);
});

test('a manager learns nothing about scans of others that were made before scanning was switched off', async () => {
  await setScanning(false);
  // Nobody has pulled this one, also not an organization whose pull queued a scan.
  const never = buildImage({ layers: [300_000, 20_000], seed: 'never pulled' });
  const [known, unknown] = [
    await learn(await joinHostile('off-held', held), 'off-held', held),
    await learn(await joinHostile('off-none', never), 'off-none', never),
  ];
  await setScanning(true);
  expect(known).toEqual(unknown);
});

test('a scan gate tells clients the same about an image of others as about one that nobody holds', async () => {
  const gate = { blockFrom: 'LOW', unscanned: 'REFUSE' };
  const answers: unknown[] = [];
  for (const [name, image] of [
    ['gate-held', held],
    ['gate-none', absent],
  ] as const) {
    hostile.content.addManifest(`${name}/${REPOSITORY}`, 'latest', image.manifest, image.mediaType);
    await layover.graphql.run('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { name } }', {
      input: { name, scanPolicy: gate, proxyCache: { upstream: `${hostile.host}/${name}`, insecure: true } },
    });
    const url = `${layover.url}/v2/${name}/${REPOSITORY}/manifests/latest`;
    const answer = await waitUntil(`the gate of ${name}`, async () => {
      const { status, body } = await send({ method: 'GET', url, headers: { accept: image.mediaType } });
      return status === 403 ? body.toString().replaceAll(image.digest, 'DIGEST').replaceAll(name, 'NAME') : undefined;
    });
    answers.push(JSON.parse(answer));
  }
  expect(answers[0]).toEqual(answers[1]);
});
