import type { HttpAnswer } from '../http/http-client';
import { repeatOnce } from '../http/repeat-once';
import type { UpstreamRepository } from '../upstream-registry';
import { contentError, refuseWebPage } from './check-content-type';
import { isSameQuery, nextPageQuery } from './link-header';
import { readTags } from './read-tags';
import type { RegistryClient } from './registry-client';
import { PAGE_TOO_LARGE_STATUSES, refusesPageSize } from './status-kinds';

/** One page of tags as the upstream sent it. */
export interface SentTagPage {
  /** The query that it was requested with, without the question mark. */
  readonly query: string;
  /** Every string in the list, also those that are no valid tags. */
  readonly sent: readonly string[];
  /** The query of the next page; undefined = the last page. */
  readonly next: string | undefined;
}

/** The upstream answered that the page is too large; `limit` is the page size that it named. */
export interface RefusedTagPage {
  readonly limit: number | undefined;
}

/**
 * Requests `GET /v2/<name>/tags/list` with a query, and once more if the connection
 * breaks or times out. `mayRefuse`: a status that can mean that the page is too large is returned
 * instead of thrown. Throws NAME_UNKNOWN, UPSTREAM_CONTENT if the answer is not a list of tags or
 * leads back to itself, and the errors of RegistryClient.ask.
 */
export function readTagPage(
  client: RegistryClient,
  repository: UpstreamRepository,
  query: string,
  mayRefuse: boolean,
  signal: AbortSignal,
): Promise<SentTagPage | RefusedTagPage> {
  return repeatOnce(signal, (answered) => askForPage(client, repository, { query, mayRefuse, signal, answered }));
}

async function askForPage(
  client: RegistryClient,
  repository: UpstreamRepository,
  { query, mayRefuse, signal, answered }: PageQuestion,
): Promise<SentTagPage | RefusedTagPage> {
  const subject = { name: `the tags of ${repository.name}`, unknown: 'NAME_UNKNOWN' } as const;
  const question = { method: 'GET', repository, path: 'tags/list', query, accept: 'application/json', subject, signal };
  const answer = await client.ask({ ...question, method: 'GET' }, mayRefuse ? PAGE_TOO_LARGE_STATUSES : []);
  answered();
  if (mayRefuse && refusesPageSize(answer.status)) {
    await answer.body.discard();
    return { limit: namedLimit(answer) };
  }
  refuseWebPage(answer);
  const sent = await readTags(answer);
  const next = nextPageQuery(answer);
  if (!isSameQuery(next, query)) return { query, sent, next };
  // Some registries end their lists with an empty page that links to itself.
  if (sent.length === 0) return { query, sent, next: undefined };
  throw contentError(answer, `answers every page of the tags of ${repository.name} with the same page`);
}

interface PageQuestion {
  readonly query: string;
  readonly mayRefuse: boolean;
  readonly signal: AbortSignal;
  /** See {@link repeatOnce}. */
  readonly answered: () => void;
}

/** Returns the page size in the header `OCI-Tag-Limit` of a refusal. */
function namedLimit(answer: HttpAnswer): number | undefined {
  const value = /^\s*(\d{1,6})\s*$/.exec(answer.headers.get('oci-tag-limit') ?? '');
  const limit = Number(value?.[1] ?? 0);
  return limit > 0 ? limit : undefined;
}
