import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Stops all servers of the upstream and pulls a cached and another image. */
export async function surviveOutage({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const { repository } = profile;
  const image = buildImage({ seed: 'cached', layers: [3000] });
  exhibit.content.addImage(repository, 'v1', image);
  const client = await visit.organization();
  await client.pull(repository, 'v1', image);
  await exhibit.close();
  const stale = await client.pull(repository, 'v1', image);
  expect(stale.headers['x-layover-cache']).toBe('STALE');
  const other = await client.get(`${repository}/manifests/v2`);
  expect(other.status).toBe(502);
  const { errors } = JSON.parse(other.body.toString()) as { errors: { code: string; message: string }[] };
  expect(errors[0]).toMatchObject({ code: 'UNAVAILABLE', message: expect.stringContaining(exhibit.host) });
}
