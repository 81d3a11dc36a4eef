import { send } from '../../../test/support/real/http-client';
import { readBlob } from './read-blob';

/**
 * Reads a blob like `readBlob`, but expects one redirect and follows it. Resolves to the number of
 * bytes of the body.
 */
export async function readRedirected(host: string, path: string): Promise<number> {
  const { status, headers } = await send({ url: `http://${host}${path}` });
  if (status !== 307 || headers.location === undefined)
    throw new Error(`GET ${path} from ${host} answered ${status} instead of a redirect`);
  const url = new URL(headers.location);
  return readBlob(url.host, url.pathname + url.search);
}
