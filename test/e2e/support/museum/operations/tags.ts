import { buildImage } from '../../../../support/fake-registry';
import type { MuseumClient, MuseumVisit } from '../stage';

/** More pages than a list can have here. */
const MAX_PAGES = 20;

/** Lists eleven tags, in pages of three and of the registry's own size. */
export async function listAllTags({ profile, exhibit, ...visit }: MuseumVisit): Promise<void> {
  const { repository } = profile;
  const tags = Array.from({ length: 11 }, (_, index) => `v1.${String(index).padStart(2, '0')}`);
  const image = buildImage({ seed: 'tags' });
  for (const tag of tags) exhibit.content.addImage(repository, tag, image);
  const client = await visit.organization();
  expect(await listedTags(client, `${repository}/tags/list?n=3`)).toEqual(tags);
  expect(await listedTags(client, `${repository}/tags/list`)).toEqual(tags);
}

/** Returns the tags of all pages, in the order of the answers. */
async function listedTags(client: MuseumClient, first: string): Promise<readonly string[]> {
  const tags: string[] = [];
  let answer = await client.get(first);
  for (let page = 1; page <= MAX_PAGES; page++) {
    expect([answer.status, answer.headers['x-layover-cache']]).not.toEqual([200, 'STALE']);
    expect(answer.status).toBe(200);
    tags.push(...(JSON.parse(answer.body.toString()) as { tags: string[] }).tags);
    const next = /^<([^>]+)>; ?rel="?next"?$/.exec(String(answer.headers['link'] ?? ''))?.[1];
    if (next === undefined) return tags;
    answer = await client.follow(next);
  }
  throw new Error(`The list does not end after ${MAX_PAGES} pages`);
}
