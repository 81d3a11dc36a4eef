import { digestOf } from '../../common/oci/digest';
import { MediaType } from '../../common/oci/media-types';
import { createLogger } from '../../common/runtime/logger';
import { buildImage, type FakeRegistry, startFakeRegistry } from '../support/fake-registry';
import { type HttpAnswer, send } from '../support/real/http-client';
import { type InProcessLayover, startLayoverInProcess } from '../support/real/layover-in-process';
import { waitUntil } from '../support/real/wait-until';

const PIB = 2 ** 50;
const LAYER = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** A layer that a hostile manifest names and that exists nowhere. */
interface NamedLayer {
  readonly name: string;
  readonly size: number;
  readonly urls?: readonly string[];
}

let upstream: FakeRegistry;
let layover: InProcessLayover;
let log: string[];

beforeAll(async () => {
  upstream = await startFakeRegistry();
  log = [];
  layover = await startLayoverInProcess({
    logger: (plane) => createLogger(plane, 'info', { write: (line) => void log.push(line) }),
  });
}, 60_000);
afterAll(async () => {
  await layover?.stop();
  await upstream?.close();
}, 60_000);

/** Offers a manifest with these layers at the upstream, and returns its digest. */
function offer(repository: string, tag: string, layers: readonly NamedLayer[]): string {
  const document = {
    schemaVersion: 2,
    mediaType: MediaType.ociManifest,
    layers: layers.map(({ name, size, urls }) => ({
      mediaType: LAYER,
      digest: digestOf(Buffer.from(name)),
      size,
      urls,
    })),
  };
  return upstream.content.addManifest(repository, tag, Buffer.from(JSON.stringify(document)), MediaType.ociManifest);
}

const manyLayers = (name: string, count: number): readonly NamedLayer[] =>
  Array.from({ length: count }, (_, index) => ({ name: `${name} ${index}`, size: 1000 }));

const get = (organization: string, path: string): Promise<HttpAnswer> =>
  send({ url: `${layover.url}/v2/${organization}/${path}` });

async function createOrganization(name: string, more: object = {}, proxyCache: object = {}): Promise<void> {
  const input = { name, proxyCache: { upstream: upstream.host, insecure: true, ...proxyCache }, ...more };
  await layover.graphql.run('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { name } }', {
    input,
  });
}

async function usage(name: string): Promise<{ readonly used: number; readonly reserved: number }> {
  type Answer = { organization: { usage: { usedBytes: string; reservedBytes: string } } };
  const query = 'query ($name: String!) { organization(name: $name) { usage { usedBytes reservedBytes } } }';
  const found = (await layover.graphql.run<Answer>(query, { name })).organization.usage;
  return { used: Number(found.usedBytes), reserved: Number(found.reservedBytes) };
}

async function tags(organization: string, repository: string): Promise<readonly string[]> {
  type Answer = { repository: { tags: { edges: readonly { node: { name: string } }[] } } | null };
  const query = `query ($organization: String!, $repository: String!) {
    repository(organization: $organization, name: $repository) { tags(state: ACTIVE, first: 50) { edges { node { name } } } } }`;
  const found = await layover.graphql.run<Answer>(query, { organization, repository });
  return (found.repository?.tags.edges ?? []).map(({ node }) => node.name).sort();
}

const messageOf = (answer: HttpAnswer): string =>
  (JSON.parse(answer.body.toString()) as { errors: readonly { message: string }[] }).errors[0]!.message;

test('an upstream cannot have a manifest of more than 1,000 layers, or an index of more children, kept', async () => {
  await createOrganization('long');
  offer('evil/long', 'layers', manyLayers('long', 1001));
  const children = manyLayers('child', 1001).map(({ name, size }) => ({
    mediaType: MediaType.ociManifest,
    digest: digestOf(Buffer.from(name)),
    size,
  }));
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: children }));
  upstream.content.addManifest('evil/long', 'index', index, MediaType.ociIndex);
  const answers = [await get('long', 'evil/long/manifests/layers'), await get('long', 'evil/long/manifests/index')];
  expect(answers.map(({ status }) => status)).toEqual([502, 502]);
  expect(messageOf(answers[0]!)).toContain('it names more than 1,000 layers');
  expect(messageOf(answers[1]!)).toContain('it names more than 1,000 children');
  expect(await usage('long')).toEqual({ used: 0, reserved: 0 });
});

test('a flood of the largest manifests of an upstream neither holds up another organization nor fills the log', async () => {
  await createOrganization('flooded');
  await createOrganization('victim');
  const image = buildImage({ layers: [1000, 2000], seed: 'victim' });
  upstream.content.addImage('good/image', 'v1', image);
  for (let index = 0; index < 30; index += 1) offer('evil/flood', `v${index}`, manyLayers(`flood ${index}`, 1000));
  const before = log.length;
  const ends: string[] = [];
  const flood = Array.from({ length: 30 }, (_, index) =>
    get('flooded', `evil/flood/manifests/v${index}`).then(({ status }) => ends.push(`flood ${status}`)),
  );
  await Promise.race(flood);
  const manifest = await get('victim', 'good/image/manifests/v1');
  const usageOfVictim = await usage('victim');
  ends.push('victim');
  await Promise.all(flood);
  expect(manifest.status).toBe(200);
  expect(usageOfVictim.reserved).toBeGreaterThan(0);
  expect(ends.filter((end) => end === 'flood 200')).toHaveLength(30);
  expect(ends.indexOf('victim')).toBeLessThan(30);
  // Completion asks for every layer, and the upstream has none of them.
  await waitUntil('requests for the layers of the flood', () => upstream.requests.length > 1500 || undefined, 60_000);
  const lines = log.slice(before);
  expect(lines.filter((line) => line.includes('fill')).length).toBeLessThan(50);
  expect(lines.reduce((bytes, line) => bytes + line.length, 0)).toBeLessThan(1_000_000);
}, 120_000);

test('sizes that an upstream declares never overflow the usage of an organization', async () => {
  await createOrganization('sizes', {}, { completeImages: false });
  offer('evil/sizes', 'sum', [
    { name: 'half', size: PIB },
    { name: 'other half', size: PIB },
  ]);
  const refused = await get('sizes', 'evil/sizes/manifests/sum');
  expect(refused.status).toBe(502);
  expect(messageOf(refused)).toContain('the sizes in it add up to more than 1,125,899,906,842,624 bytes');
  let size = 0;
  for (let index = 0; index < 10; index += 1) {
    const digest = offer('evil/sizes', `v${index}`, [{ name: `huge ${index}`, size: PIB - 10_000 }]);
    size += upstream.content.manifest('evil/sizes', digest)!.bytes.length;
    expect((await get('sizes', `evil/sizes/manifests/v${index}`)).status).toBe(200);
    const { used, reserved } = await usage('sizes');
    expect(used).toBe(size);
    expect(reserved).toBe(Math.min(index + 1, 4) * (PIB - 10_000));
  }
});

test('manifests that name blobs which do not exist evict no image', async () => {
  await createOrganization('full', { quota: { limitBytes: 20_000 } }, { completeImages: false });
  const image = buildImage({ layers: [9000], seed: 'real' });
  upstream.content.addImage('good/real', 'v1', image);
  await get('full', 'good/real/manifests/v1');
  for (const { digest } of [...image.layers, image.config]) await get('full', `good/real/blobs/${digest}`);
  await waitUntil('the blobs of the image', async () => (await usage('full')).reserved === 0 || undefined);
  for (let index = 0; index < 10; index += 1) {
    offer('evil/reserve', `v${index}`, [{ name: `nowhere ${index}`, size: 6000 }]);
    expect((await get('full', `evil/reserve/manifests/v${index}`)).status).toBe(200);
  }
  expect(await tags('full', 'good/real')).toEqual(['v1']);
});

test('the room of a blob that the upstream does not have is free at once', async () => {
  await createOrganization('gone');
  offer('evil/gone', 'v1', [{ name: 'gone for good', size: 5_000_000 }]);
  expect((await get('gone', 'evil/gone/manifests/v1')).status).toBe(200);
  const blob = await get('gone', `evil/gone/blobs/${digestOf(Buffer.from('gone for good'))}`);
  expect(blob.status).toBe(404);
  await waitUntil('the end of the reservation', async () => (await usage('gone')).reserved === 0 || undefined);
});

test('a foreign layer reserves no room', async () => {
  await createOrganization('foreign');
  const layer = { name: 'elsewhere', size: 5_000_000, urls: ['https://elsewhere.example/layer'] };
  offer('evil/foreign', 'v1', [layer]);
  expect((await get('foreign', 'evil/foreign/manifests/v1')).status).toBe(200);
  expect((await usage('foreign')).reserved).toBe(0);
});
