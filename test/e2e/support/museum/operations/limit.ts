import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Meets a limit on manifests, and goes on when it is over. */
export async function meetLimit({ profile, exhibit, clock, ...visit }: MuseumVisit): Promise<void> {
  const { repository, limit } = profile;
  const [cached, other] = ['cached', 'other'].map((seed) => buildImage({ seed, layers: [3000] }));
  exhibit.content.addImage(repository, 'v1', cached!);
  exhibit.content.addImage(repository, 'v2', other!);
  const client = await visit.organization();
  await client.pull(repository, 'v1', cached!);
  const limited = exhibit.limitManifests();
  const refused = await client.get(`${repository}/manifests/v2`);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  const answer = await client.pull(repository, 'v1', cached!);
  expect(['STALE', 'REVALIDATED']).toContain(answer.headers['x-layover-cache']);
  limited.remove();
  clock.advance(limit.seconds * 1000);
  await client.pull(repository, 'v2', other!);
}
