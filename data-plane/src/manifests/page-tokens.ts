import { createHmac, timingSafeEqual } from 'node:crypto';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Configuration } from '../configuration/configuration';

/** Longest token, in characters: links must fit into the request lines that proxies accept. */
export const MAX_PAGE_TOKEN = 8192;

/** Bytes of the signature in a token. */
const MAC_BYTES = 16;

/**
 * Where a list goes on. `query` and `after` are a position at the upstream; `cached` continues the
 * cached tags after the one that it names.
 */
export type PagePlace = { readonly query: string; readonly after: string | undefined } | { readonly cached: string };

/**
 * Writes and reads page tokens: the places in lists that clients return to Layover in links. A
 * token has a signature, because its content becomes the query of a request to the upstream, where
 * a query made by a client could mean another registry (`ns`) or a page of any size. The signature
 * covers the list that the token belongs to (ADR 40). The keys are those of pull tokens, which all
 * data planes have.
 */
export class PageTokens {
  constructor(private readonly configuration: Pick<Configuration, 'current'>) {}

  /**
   * Returns the token of a place in a list; undefined if it would be longer than
   * {@link MAX_PAGE_TOKEN}. Throws NOT_READY if the configuration has no key.
   */
  write(list: string, place: PagePlace): string | undefined {
    const [key] = this.configuration.current().tokenKeys;
    if (key === undefined) {
      throw new LayoverError('NOT_READY', { message: 'the data plane has no key yet; try again in a moment' });
    }
    const text = Buffer.from(
      JSON.stringify('cached' in place ? ['cached', place.cached] : ['upstream', place.query, place.after ?? null]),
    );
    const token = Buffer.concat([macOf(key.secret, list, text), text]).toString('base64url');
    return token.length > MAX_PAGE_TOKEN ? undefined : token;
  }

  /**
   * Returns the place of a token. Throws REQUEST_INVALID if Layover did not write it for this list.
   */
  read(list: string, token: string): PagePlace {
    const bytes = Buffer.from(token.slice(0, MAX_PAGE_TOKEN), 'base64url');
    const mac = bytes.subarray(0, MAC_BYTES);
    const text = bytes.subarray(MAC_BYTES);
    const isOwn = (secret: Buffer): boolean =>
      mac.length === MAC_BYTES && timingSafeEqual(mac, macOf(secret, list, text));
    if (!this.configuration.current().tokenKeys.some(({ secret }) => isOwn(secret))) {
      throw new LayoverError('REQUEST_INVALID', {
        message: 'the page token is invalid; use the link of the previous page, or start the list again',
      });
    }
    // Layover signed the text, so it has the shape that write() gave it.
    const [kind, first, after] = JSON.parse(text.toString()) as readonly [string, string, string | null | undefined];
    return kind === 'cached' ? { cached: first } : { query: first, after: after ?? undefined };
  }
}

function macOf(secret: Buffer, list: string, text: Buffer): Buffer {
  return createHmac('sha256', secret)
    .update(`layover page of ${Buffer.byteLength(list)}\n${list}\n`)
    .update(text)
    .digest()
    .subarray(0, MAC_BYTES);
}
