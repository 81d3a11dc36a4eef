import { buildImage } from '../../../../support/fake-registry';
import type { MuseumVisit } from '../stage';

/** Lets the lifetime of a token pass between two pulls. */
export async function pullExpired({ profile, exhibit, clock, ...visit }: MuseumVisit): Promise<void> {
  const [first, second] = ['first', 'second'].map((seed) => buildImage({ seed, layers: [3000] }));
  exhibit.content.addImage(profile.repository, 'v1', first!);
  exhibit.content.addImage(profile.repository, 'v2', second!);
  const client = await visit.organization();
  await client.pull(profile.repository, 'v1', first!);
  const { expiresIn = null, lifetimeSeconds } = profile.authentication.tokens ?? {};
  clock.advance((lifetimeSeconds ?? expiresIn ?? 0) * 1000);
  await client.pull(profile.repository, 'v2', second!);
}
