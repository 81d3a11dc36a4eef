import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Meets a limit on manifests: only what was limited stops, and only until the limit is over. */
export async function meetLimit({ profile, exhibit, clock, ...visit }: MuseumVisit): Promise<void> {
  const { repository, limit } = profile;
  const [cached, other] = ['cached', 'other'].map((seed) => buildImage({ seed, layers: [3000] }));
  exhibit.content.addImage(repository, 'v1', cached!);
  exhibit.content.addImage(repository, 'v2', other!);
  const client = await visit.organization();
  expect((await client.get(`${repository}/manifests/v1`)).status).toBe(200);
  const limited = exhibit.limitManifests();
  const refused = await client.get(`${repository}/manifests/v2`);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  const stale = await client.get(`${repository}/manifests/v1`);
  expect([stale.status, stale.headers['x-layover-cache']]).toEqual([
    200,
    limit.freeHead === true ? 'REVALIDATED' : 'STALE',
  ]);
  const layer = cached!.layers[0]!;
  const { status, body } = await client.get(`${repository}/blobs/${layer.digest}`);
  expect([status, body.equals(layer.bytes)]).toEqual([200, true]);
  limited.remove();
  clock.advance(limit.seconds * 1000);
  await client.pull(repository, 'v2', other!);
}
