import { buildImage } from '../../../support/fake-registry';
import type { GoldenRequests } from '../../../support/museum/golden-requests';
import { requestLines } from './request-lines';
import type { MuseumVisit } from './stage';

/** Pulls an image twice and returns the requests to the hosts of the registry. */
export async function requestsOfPulls({ profile, exhibit, ...visit }: MuseumVisit): Promise<GoldenRequests> {
  const image = buildImage({ seed: 'golden', layers: [3000, 5000] });
  exhibit.content.addImage(profile.repository, 'v1', image);
  const client = await visit.organization();
  await client.pull(profile.repository, 'v1', image);
  const cold = requestLines(exhibit, image);
  await client.pull(profile.repository, 'v1', image);
  return { cold, warm: requestLines(exhibit, image) };
}
