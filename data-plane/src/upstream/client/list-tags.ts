import { z } from 'zod';
import { parseTag } from '../../../../common/oci/reference';
import { nextPageQuery } from './link-header';
import type { RegistryClient } from './registry-client';
import type { UpstreamRepository, UpstreamTagPage } from '../upstream-registry';
import { contentError, refuseWebPage } from './check-content-type';

/** Largest page of tags, in bytes. Some registries send all tags at once. */
const MAX_BODY = 8 * 1024 * 1024;

const Body = z.object({ tags: z.array(z.unknown()).nullish() });

/**
 * Requests `GET /v2/<name>/tags/list?n=&last=`. Invalid tags are left out. If an upstream ignores
 * `n` or `last`, the list is paged here, so that a client that follows `nextLast` always reaches
 * the end. Throws NAME_UNKNOWN, UPSTREAM_CONTENT if the answer is not a list or is larger than 8
 * MiB, and the errors of RegistryClient.ask.
 */
export async function listUpstreamTags(
  client: RegistryClient,
  repository: UpstreamRepository,
  page: { readonly limit?: number; readonly last?: string },
  signal: AbortSignal,
): Promise<UpstreamTagPage> {
  const query = new URLSearchParams();
  if (page.limit !== undefined) query.set('n', String(page.limit));
  if (page.last !== undefined) query.set('last', page.last);
  const subject = { name: `the tags of ${repository.name}`, unknown: 'NAME_UNKNOWN' } as const;
  const accept = 'application/json';
  const question = {
    method: 'GET',
    repository,
    path: 'tags/list',
    query: query.toString(),
    accept,
    subject,
    signal,
  } as const;
  const answer = await client.ask(question);
  refuseWebPage(answer);
  const parsed = Body.safeParse(parseJson(await answer.body.read(MAX_BODY, subject.name)));
  if (!parsed.success) throw contentError(answer, 'answered with something that is not a list of tags');
  const sent = (parsed.data.tags ?? []).filter((tag): tag is string => typeof tag === 'string');
  // A page that contains the tag after which it should begin comes from an upstream that does not
  // page.
  const after = page.last === undefined ? -1 : sent.indexOf(page.last);
  const rest = sent.slice(after + 1).filter((tag) => parseTag(tag) !== undefined);
  const tags = page.limit === undefined ? rest : rest.slice(0, page.limit);
  const link = nextPageQuery(answer.headers.all('link'), answer.url);
  return { tags, ...nextPage(tags, rest.length, link, page.last) };
}

function nextPage(
  tags: readonly string[],
  available: number,
  link: string | undefined,
  last: string | undefined,
): Pick<UpstreamTagPage, 'nextLast' | 'nextLimit'> {
  const none = { nextLast: undefined, nextLimit: undefined };
  const lastKept = tags.at(-1);
  if (tags.length < available) return { nextLast: lastKept, nextLimit: undefined };
  if (link === undefined) return none;
  const query = new URLSearchParams(link);
  // Registries that page by a token of their own also accept the last tag of a page.
  const nextLast = query.get('last') || lastKept;
  if (nextLast === undefined || nextLast === last || nextLast.length > 1024) return none;
  const limit = Number(query.get('n') ?? Number.NaN);
  return { nextLast, nextLimit: Number.isSafeInteger(limit) && limit > 0 ? limit : undefined };
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
