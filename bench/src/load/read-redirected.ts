import { send } from '../../../test/support/real/http-client';
import { readBlob } from './read-blob';

/** As readBlob, for a client that is sent elsewhere; it must be, once. Resolves to the bytes of the body. */
export async function readRedirected(host: string, path: string): Promise<number> {
  const { status, headers } = await send({ url: `http://${host}${path}` });
  if (status !== 307 || headers.location === undefined)
    throw new Error(`GET ${path} from ${host}: ${status}, where a redirect was expected`);
  const url = new URL(headers.location);
  return readBlob(url.host, url.pathname + url.search);
}
