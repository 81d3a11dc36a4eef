/** A request for a page of tags. */
export interface TagQuery {
  readonly query: URLSearchParams;
  /** All tags, in lexical order. */
  readonly tags: readonly string[];
  /** The path of the request, without the query. */
  readonly path: string;
  /** The URL of the registry, without a slash at the end. */
  readonly origin: string;
}

/** A page of tags as a registry sends it. */
export interface TagPage {
  readonly tags: readonly string[];
  /** The target of the link to the next page; undefined = none. */
  readonly next?: string;
  /** More fields of the body. */
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly contentType?: string;
}

/** Answers requests for pages of tags. */
export type TagPager = (query: TagQuery) => TagPage;

/** The form of a link: relative, or absolute with the origin of the registry. */
export interface LinkForm {
  readonly absolute?: boolean;
  /** Largest page; larger values of `n`, and no `n`, mean this. Default: no limit. */
  readonly maximum?: number;
  /** Returns the path of links. Default: the path of the request. */
  readonly path?: (path: string) => string;
  /** More parameters of links, before the position. */
  readonly parameters?: Readonly<Record<string, string>>;
}

/** Pages by `last`, the last tag of the page before (OCI distribution specification). */
export function pagesByLast(form: LinkForm = {}): TagPager {
  return (query) => {
    const last = query.query.get('last');
    return page(
      query,
      form,
      query.tags.filter((tag) => last === null || tag > last),
      (tags) => ({
        last: tags.at(-1)!,
      }),
    );
  };
}

/**
 * Pages by a token of the registry in the parameter `name`. A value that the registry did not issue
 * means the first page.
 */
export function pagesByToken(name: string, form: LinkForm = {}): TagPager {
  return (query) => {
    const after = openToken(query.query.get(name));
    return page(query, form, query.tags.slice(after), (tags) => ({ [name]: sealToken(after + tags.length) }));
  };
}

/** Pages by `last`, which is the number of tags that were sent. */
export function pagesByCount(form: LinkForm = {}): TagPager {
  return (query) => {
    const after = Number(query.query.get('last') ?? 0) || 0;
    return page(query, form, query.tags.slice(after), (tags) => ({ last: String(after + tags.length) }));
  };
}

function page(
  { query, path, origin }: TagQuery,
  form: LinkForm,
  rest: readonly string[],
  position: (tags: readonly string[]) => Readonly<Record<string, string>>,
): TagPage {
  const limit = Math.min(Number(query.get('n') ?? Infinity), form.maximum ?? Infinity);
  const tags = rest.slice(0, limit);
  if (tags.length === rest.length || tags.length === 0) return { tags };
  const parameters = new URLSearchParams({ n: String(limit), ...form.parameters, ...position(tags) });
  const target = `${form.path?.(path) ?? path}?${parameters.toString()}`;
  return { tags, next: form.absolute === true ? `${origin}${target}` : target };
}

const SEAL = 'gAAAAABg1i7jwRsgyD_X_wcMmj11T0waURK8w2MpuKG3a5B5C_iWzc1YMHTRDAPiwnqT4s0gkVdH7tUbc5HlXy7RxT139fZABKiEw7vt';

function sealToken(position: number): string {
  return `${SEAL}${Buffer.from(String(position)).toString('base64url')}==`;
}

function openToken(token: string | null): number {
  if (token?.startsWith(SEAL) !== true) return 0;
  return Number(Buffer.from(token.slice(SEAL.length), 'base64url').toString());
}
