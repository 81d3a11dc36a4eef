import { parseTag } from '../../../../common/oci/reference';
import type { TagPageRequest, UpstreamRepository, UpstreamTagPage } from '../upstream-registry';
import { readTagPage, type SentTagPage } from './read-tag-page';
import type { RegistryClient } from './registry-client';
import type { UpstreamHabits } from './upstream-habits';
import { wholeTagList } from './whole-tag-list';

/** The page size that every registry should accept, for one that refuses the others. */
const SMALL_PAGE = 100;

/** The part of a list that is returned at once: the number of tags, and their characters. */
const MAX_TAGS = 50_000;
const MAX_CHARACTERS = 1024 * 1024;

/** Requests that are made for one page whose size the upstream refused. */
const MAX_REQUESTS = 50;

/**
 * Returns a page of the tags of a repository (OCI distribution specification, "Listing Tags").
 * Invalid tags are left out. A page that is not the last one always has a continuation. If an
 * upstream ignores `n` or `last`, the list is paged here. If it refuses the page size, the list is
 * requested with the size that it names, then without one, then in small pages, and these are
 * joined up to the page that was asked for (docs/design/pull-semantics.md#tag-lists). Throws
 * NAME_UNKNOWN, UPSTREAM_CONTENT, and the errors of RegistryClient.ask.
 */
export async function listUpstreamTags(
  client: RegistryClient,
  habits: UpstreamHabits,
  repository: UpstreamRepository,
  request: TagPageRequest,
  signal: AbortSignal,
): Promise<UpstreamTagPage> {
  const { position } = request;
  if (position !== undefined) {
    const page = await readTagPage(client, repository, position.query, false, signal);
    return cutPage([page as SentTagPage], { ...request, after: position.after });
  }
  const { first, isSmaller } = await firstPage(client, habits, repository, request, signal);
  const whole = wholeTagList(first, request.last);
  if (whole !== undefined) return cutPage([{ ...first, sent: whole }], { ...request, after: undefined });
  const pages = [first];
  if (isSmaller) await readFurther(pages, client, repository, request, signal);
  const page = cutPage(pages, { ...request, after: request.last });
  // The next page is asked for in the size that the client wants, not in the smaller one.
  return isSmaller ? { ...page, nextLimit: undefined } : page;
}

/** Asks for the first page, in smaller sizes if the upstream refuses the one that is wanted. */
async function firstPage(
  client: RegistryClient,
  habits: UpstreamHabits,
  repository: UpstreamRepository,
  { limit, last }: TagPageRequest,
  signal: AbortSignal,
): Promise<{ readonly first: SentTagPage; readonly isSmaller: boolean }> {
  const { origin } = repository;
  let size = habits.pageSize(origin, limit);
  const tried = new Set([size]);
  for (;;) {
    const others = [undefined, SMALL_PAGE].filter((one) => !tried.has(one) && one !== limit && isBelow(one, limit));
    const page = await readTagPage(client, repository, plainQuery(size, last), others.length > 0, signal);
    if ('sent' in page) {
      const isSmaller = size !== limit;
      if (isSmaller && tried.size > 1) habits.rememberPageSize(origin, { refused: limit, accepted: size });
      return { first: page, isSmaller };
    }
    // Only the first size that an upstream names is believed: it could name ever smaller ones.
    const isNamed = tried.size === 1 && page.limit !== undefined && isBelow(page.limit, limit);
    size = isNamed ? page.limit : others[0];
    tried.add(size);
  }
}

/** Reads the pages after the first one until there are as many tags as were asked for. */
async function readFurther(
  pages: SentTagPage[],
  client: RegistryClient,
  repository: UpstreamRepository,
  { limit = MAX_TAGS }: TagPageRequest,
  signal: AbortSignal,
): Promise<void> {
  let count = pages[0]!.sent.length;
  while (count < limit && pages.length < MAX_REQUESTS) {
    const { next } = pages.at(-1)!;
    if (next === undefined) return;
    const page = (await readTagPage(client, repository, next, false, signal)) as SentTagPage;
    pages.push(page);
    count += page.sent.length;
  }
}

/** A tag, and the query of the page that it was on. */
interface ListedTag {
  readonly tag: string;
  readonly query: string;
}

/**
 * Joins pages. Of the first one, everything up to `after` is left out: a page that contains the tag
 * after which it should begin comes from an upstream that does not page.
 */
function joinPages(pages: readonly SentTagPage[], after: string | undefined): readonly ListedTag[] {
  return pages.flatMap(({ query, sent }, index) => {
    const begin = index === 0 && after !== undefined ? sent.indexOf(after) + 1 : 0;
    return sent
      .slice(begin)
      .filter((tag) => parseTag(tag) !== undefined)
      .map((tag) => ({ tag, query }));
  });
}

/** Returns as many tags as a page may have, and how the list goes on. */
function cutPage(
  pages: readonly SentTagPage[],
  { limit, position, after }: TagPageRequest & { readonly after: string | undefined },
): UpstreamTagPage {
  const available = joinPages(pages, after);
  const kept = available.slice(0, fitting(available, limit ?? MAX_TAGS));
  const tags = kept.map(({ tag }) => tag);
  const end = kept.at(-1);
  const { next, sent } = pages.at(-1)!;
  const link = next === undefined ? undefined : plainLink(next, sent.at(-1));
  const page = { tags, nextLast: end?.tag, nextLimit: undefined, position: undefined };
  if (kept.length < available.length && end !== undefined) {
    // Whether `last` is understood is known of a link that has it. Without a link, all tags were
    // sent at once, so they can be sent again.
    const isPlain = position === undefined && (next === undefined ? pages.length === 1 : link !== undefined);
    return isPlain ? page : { ...page, position: { query: end.query, after: end.tag } };
  }
  if (next === undefined) return { ...page, nextLast: undefined };
  if (link === undefined) return { ...page, position: { query: next, after: undefined } };
  return { ...page, nextLast: link.last, nextLimit: link.limit };
}

/** Returns how many tags fit into a page. */
function fitting(tags: readonly ListedTag[], limit: number): number {
  let characters = 0;
  const end = Math.min(tags.length, limit, MAX_TAGS);
  for (let index = 0; index < end; index++) {
    characters += tags[index]!.tag.length;
    if (characters > MAX_CHARACTERS) return index;
  }
  return end;
}

/**
 * Returns the continuation of a link that has only the parameters of the specification, and
 * continues after the last tag of the page. Clients may then change the page size. Everything else
 * is understood by the upstream alone.
 */
function plainLink(
  query: string,
  lastSent: string | undefined,
): { readonly last: string; readonly limit: number | undefined } | undefined {
  const parameters = new URLSearchParams(query);
  const last = parameters.get('last');
  const size = parameters.get('n');
  const isKnown = [...parameters.keys()].every(
    (name, index, all) => /^(n|last)$/.test(name) && all.indexOf(name) === index,
  );
  if (!isKnown || last === null || last !== lastSent || parseTag(last) === undefined) return undefined;
  if (size === null || size === '') return { last, limit: undefined };
  return /^[1-9]\d{0,8}$/.test(size) ? { last, limit: Number(size) } : undefined;
}

function plainQuery(limit: number | undefined, last: string | undefined): string {
  const query = new URLSearchParams();
  if (limit !== undefined) query.set('n', String(limit));
  if (last !== undefined) query.set('last', last);
  return query.toString();
}

/**
 * Returns whether a page size asks for less than another; undefined = what the upstream prefers.
 */
function isBelow(size: number | undefined, limit: number | undefined): boolean {
  return size === undefined ? limit !== undefined : limit === undefined || size < limit;
}
