import * as fc from 'fast-check';
import { requestToken } from '../../../data-plane/src/upstream/auth/token-exchange';
import type { ResponseBody } from '../../../data-plane/src/upstream/http/response-body';
import { ResponseHeaders } from '../../../data-plane/src/upstream/http/response-headers';
import type { FuzzTarget } from '../engine/fuzz-target';
import { ensure, isCatalogued } from './support';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const WORDS = [
  ...['200 ', '401 ', '403 ', '429 ', '500 ', '302 ', '404 ', '\n', '{', '}', '"token":', '"access_token":', '"abc"'],
  ...['"expires_in":', 'null', '300', '1e400', '-1', '"\\r\\n"', '[', ']', 'Thu, 01 Jan 2026 00:10:00 GMT', '120'],
];
const value = fc.oneof(fc.string({ maxLength: 8 }), fc.double(), fc.constantFrom(null, 'abc', 300), fc.jsonValue());
const answer = fc.record({ token: value, access_token: value, expires_in: value }, { requiredKeys: [] });

/**
 * The answer of a token server: the status and Retry-After in the first line, then the body. It
 * gives a token that is safe in a header and a bounded lifetime, or a catalogued error.
 */
export const tokenAnswerTarget: FuzzTarget = {
  name: 'token-answer',
  sources: [
    'data-plane/src/upstream/auth/token-exchange',
    'data-plane/src/upstream/http/retry-after',
    'common/oci/manifest-document',
  ],
  // Longer bodies are not read.
  maxBytes: 64 * 1024,
  words: WORDS,
  inputs: fc
    .tuple(fc.constantFrom('200 ', '200 ', '429 30', '401 '), answer)
    .map(([head, body]) => `${head}\n${JSON.stringify(body)}`),
  async run(input) {
    const end = input.indexOf('\n');
    const [status = '', ...rest] = input.subarray(0, Math.max(0, end)).toString('latin1').split(' ');
    const content = input.subarray(end + 1);
    // The bounds of reading a body have tests of their own.
    const body = { read: () => Promise.resolve(content), discard: () => Promise.resolve() } as unknown as ResponseBody;
    const origin = {
      organizationUid: 'uid',
      host: 'registry.example',
      credentials: { username: 'name', password: 'secret-word' },
      credentialVersion: '1',
      insecure: false,
      caCertificate: undefined,
    };
    try {
      const { token, lifetimeMs } = await requestToken(
        ({ url, place }) =>
          Promise.resolve({
            status: Number(status.slice(0, 3)) || 200,
            headers: new ResponseHeaders({ 'retry-after': rest.join(' ') }),
            ...{ body, url, place },
          }),
        {
          origin,
          endpoint: { base: new URL('https://registry.example/'), upstream: 'registry.example' },
          realm: new URL('https://auth.example/token'),
          ...{ service: 'registry', scopes: ['repository:a/b:pull'], signal: new AbortController().signal },
        },
        NOW,
      );
      ensure(/^[\x21-\x7e]+$/.test(token), 'The token is not safe in a header');
      ensure(lifetimeMs > 0 && lifetimeMs <= 3_600_000, `The lifetime is ${lifetimeMs} ms`);
    } catch (error) {
      if (!isCatalogued(error)) throw error;
      const { message, retryAfterSeconds } = error as Error & { readonly retryAfterSeconds?: number };
      ensure(!message.includes('secret-word') && message.length < 1000, 'The message is not fit for clients');
      ensure(
        retryAfterSeconds === undefined || (Number.isSafeInteger(retryAfterSeconds) && retryAfterSeconds >= 0),
        `Retry-After is ${retryAfterSeconds}`,
      );
    }
  },
};
