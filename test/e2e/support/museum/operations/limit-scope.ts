import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Meets limits on manifests and on tokens, and expects that nothing else is limited. */
export async function respectLimitScope({ profile, exhibit, clock, ...visit }: MuseumVisit): Promise<void> {
  const { repository, limit, authentication } = profile;
  const [first, second] = ['first', 'second'].map((seed) => buildImage({ seed, layers: [3000] }));
  exhibit.content.addImage(repository, 'v1', first!);
  exhibit.content.addImage(repository, 'v2', second!);
  const client = await visit.organization();
  expect((await client.get(`${repository}/manifests/v1`)).status).toBe(200);
  const manifests = exhibit.limitManifests();
  expect((await client.get(`${repository}/manifests/v2`)).status).toBe(429);
  for (const blob of [first!.config, ...first!.layers]) {
    const { status, body } = await client.get(`${repository}/blobs/${blob.digest}`);
    expect([status, body.equals(blob.bytes)]).toEqual([200, true]);
  }
  expect((await client.get(`${repository}/tags/list`)).headers['x-layover-cache']).not.toBe('STALE');
  const { headers } = await client.get(`${repository}/manifests/v1`);
  expect(headers['x-layover-cache']).toBe(limit.freeHead === true ? 'REVALIDATED' : 'STALE');
  manifests.remove();
  clock.advance(limit.seconds * 1000);

  // A token for any scope does not say which repository it is for.
  if (authentication.kind !== 'bearer' || authentication.tokens?.anyScope === true) return;
  const other = `${repository}-limited`;
  exhibit.publish(other);
  exhibit.content.addImage(other, 'v1', first!);
  const tokens = exhibit.limitTokens(other);
  // HEAD, because some registries need no token for GET of a public repository.
  expect((await client.get(`${other}/manifests/v1`, 'HEAD')).status).toBe(429);
  await client.pull(repository, 'v2', second!);
  tokens.remove();
}
