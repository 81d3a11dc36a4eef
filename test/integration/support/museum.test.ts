import { buildImage, type BuiltImage } from '../../support/fake-registry';
import { type Exhibit, PROFILES, type RegistryProfile, startExhibit, tokenLifetime } from '../../support/museum';
import { TestClock } from '../../support/test-clock';
import { plainClient } from './plain-client';

const image = buildImage({ seed: 'museum', layers: [3000] });
let clock: TestClock;
let exhibit: Exhibit;

async function open(profile: RegistryProfile): Promise<void> {
  clock = TestClock.withoutTimers();
  exhibit = await startExhibit(profile, () => clock.now());
  exhibit.publish(profile.repository);
  exhibit.content.addImage(profile.repository, 'v1', image);
}

afterEach(() => exhibit.close());

/** Returns the account that a client needs for the public repository. */
const accountFor = ({ authentication }: RegistryProfile): RegistryProfile['authentication']['account'] =>
  authentication.anonymous === false ? authentication.account : undefined;

const blobsOf = ({ config, layers }: BuiltImage): BuiltImage['layers'] => [config, ...layers];

describe.each(PROFILES.map((profile) => [profile.name, profile] as const))('%s', (_, profile) => {
  beforeEach(() => open(profile));

  test('gives an image to a client that follows the specifications', async () => {
    const { get } = plainClient(exhibit.host, accountFor(profile));
    const manifest = await get(`/v2/${profile.repository}/manifests/v1`);
    expect([manifest.status, manifest.body.equals(image.manifest)]).toEqual([200, true]);
    for (const { digest, bytes } of blobsOf(image)) {
      const blob = await get(`/v2/${profile.repository}/blobs/${digest}`);
      expect([blob.status, blob.body.equals(bytes)]).toEqual([200, true]);
    }
  });

  test('gives a private image only to its account', async () => {
    const repository = `${profile.repository}-secret`;
    exhibit.content.addImage(repository, 'v1', image);
    const path = `/v2/${repository}/manifests/v1`;
    const { account, kind, anonymous } = profile.authentication;
    if (account !== undefined) expect((await plainClient(exhibit.host, account).get(path)).status).toBe(200);
    if (kind !== 'none' && anonymous !== 'all') {
      expect([401, 403]).toContain((await plainClient(exhibit.host).get(path)).status);
    }
  });

  test('has an end of its list of tags', async () => {
    for (const tag of ['a', 'b', 'c', 'd', 'e', 'f']) exhibit.content.addImage(profile.repository, tag, image);
    const { get } = plainClient(exhibit.host, accountFor(profile));
    const tags: string[] = [];
    let query: string | undefined = 'n=2';
    for (let page = 0; query !== undefined && page < 10; page++) {
      const answer = await get(`/v2/${profile.repository}/tags/list?${query}`);
      tags.push(...(JSON.parse(answer.body.toString()) as { tags: string[] }).tags);
      query = /\?([^>]+)>; rel="next"/.exec(String(answer.headers['link'] ?? ''))?.[1];
    }
    expect(tags).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'v1']);
  });

  const { tokens } = profile.authentication;
  if (tokens !== undefined && profile.redirectsTo === undefined) {
    test('refuses a token after its lifetime, and one that was revoked', async () => {
      exhibit.content.addImage(`${profile.repository}-secret`, 'v1', image);
      // A repository that is not public, because some registries need no token for public ones.
      const account = profile.authentication.account;
      const repository = account === undefined ? profile.repository : `${profile.repository}-secret`;
      const client = plainClient(exhibit.host, account);
      const path = `/v2/${repository}/manifests/v1`;
      const statusWithKept = async (): Promise<number> => (await client.getWithKeptToken(path)).status;
      expect((await client.get(path)).status).toBe(200);
      expect(await statusWithKept()).toBe(profile.redirectsManifests === true ? 302 : 200);
      clock.advance(tokenLifetime(profile) * 1000);
      expect([400, 401]).toContain(await statusWithKept());
      expect((await client.get(path)).status).toBe(200);
      exhibit.revokeTokens();
      expect([400, 401]).toContain(await statusWithKept());
    });
  }

  const { redirect } = profile.blobs;
  if (redirect !== undefined) {
    test('signs the URLs to which it redirects', async () => {
      const client = plainClient(exhibit.host, accountFor(profile));
      const path = `/v2/${profile.repository}/blobs/${image.config.digest}`;
      await client.get(path);
      const url = client.redirects().at(-1);
      const head = await client.plain('HEAD', url!);
      expect(head.status).toBe(redirect.signedFor === 'any' ? 200 : 403);
      expect((await client.plain('GET', url!.replace(/.$/, '!'))).status).toBe(403);
      const authorized = await client.plain('GET', url!, { authorization: 'Bearer token' });
      expect(authorized.status).toBe(redirect.withAuthorization?.status ?? 200);
    });
  }

  test('limits requests for manifests until the limit is removed', async () => {
    const client = plainClient(exhibit.host, accountFor(profile));
    const limit = exhibit.limitManifests();
    expect((await client.get(`/v2/${profile.repository}/manifests/v1`)).status).toBe(429);
    limit.remove();
    expect((await client.get(`/v2/${profile.repository}/manifests/v1`)).status).toBe(200);
  });
});
