import { LayoverError } from '../../../common/errors/layover-error';
import type {
  ListPosition,
  UpstreamRegistry,
  UpstreamRepository,
  UpstreamTagPage,
} from '../upstream/upstream-registry';

/** Pages that are joined at most, and their tags. */
const MAX_PAGES = 50;
const MAX_TAGS = 50_000;

/**
 * Reads on from a page until its position can be carried to a client, or the list ends: an upstream
 * may continue its list with more text than a link can have. The result can have more tags than a
 * page that was asked for. Throws UPSTREAM_CONTENT if the list is too long for that, and the errors
 * of listTags; a part of the list is never returned as all of it.
 */
export async function readToEnd(
  upstream: UpstreamRegistry,
  repository: UpstreamRepository,
  first: UpstreamTagPage,
  { until }: { readonly until: (position: ListPosition) => boolean },
): Promise<UpstreamTagPage> {
  let page = first;
  const tags = [...first.tags];
  for (let pages = 1; page.position !== undefined && !until(page.position); pages++) {
    if (pages === MAX_PAGES || tags.length > MAX_TAGS) {
      throw new LayoverError('UPSTREAM_CONTENT', {
        message:
          `${repository.origin.host} continues the tags of ${repository.name} with links that are too long, ` +
          'and the list is too long to be read at once',
      });
    }
    page = await upstream.listTags(repository, { position: page.position });
    tags.push(...page.tags);
  }
  return page === first ? first : { ...page, tags };
}
