import { formatTarget } from '../../../edge-http/src/request/format-request';
import { parseRequest } from '../../../edge-http/src/request/parse-request';
import { NO_SITE, type Site } from '../../../edge-http/src/request/site';
import type { FuzzTarget } from '../engine/fuzz-target';
import { ensureSame, resultOf, textOf } from './support';

const SITES: readonly Site[] = [
  NO_SITE,
  { host: 'layover.example', organization: undefined, isOwnName: (host) => host === 'layover.example' },
  { host: 'team.example', organization: 'team', isOwnName: (host) => host === 'team.example' },
];
const DIGEST = `sha256:${'ab'.repeat(32)}`;
const WORDS = [
  ...['GET ', 'HEAD ', 'PUT ', 'POST ', '/v2/', '/v2', '/v2/_catalog', '/manifests/', '/blobs/', '/referrers/'],
  ...['/tags/list', '/blobs/uploads/', '/token', '/healthz', 'docker/library/alpine', 'team/app', 'latest'],
  ...[DIGEST, DIGEST.replace(':', '%3A'), `sha512:${'0'.repeat(128)}`, '?', '&', 'n=', 'last=', 'page=', 'ns='],
  ...['docker.io', 'layover.example', 'artifactType=', 'service=', 'scope=repository:a/b:pull', '%2F', '..', '//'],
  ...['http://layover.example', '%', '+'],
];

/**
 * The request line of a client at the edge: the method, a blank and the target. A request that is
 * understood is the same request after it is written as a target again.
 */
export const ociRequestTarget: FuzzTarget = {
  name: 'oci-request',
  sources: ['edge-http/src/request', 'common/oci'],
  maxBytes: 8192,
  words: WORDS,
  inputs: textOf(WORDS).map((text) => (/^[A-Z]+ /.test(text) ? text : `GET /v2/${text}`)),
  run(input) {
    const text = input.toString('latin1');
    const blank = text.indexOf(' ');
    const method = blank === -1 ? 'GET' : text.slice(0, blank);
    for (const site of SITES) {
      const request = resultOf(() => parseRequest(method, text.slice(blank + 1), site));
      if (request === undefined || request.kind === 'push') continue;
      const isHead = 'head' in request && request.head;
      const isForm = request.kind === 'token' && request.form === true;
      const again = parseRequest(isHead ? 'HEAD' : isForm ? 'POST' : 'GET', formatTarget(request), site);
      ensureSame(again, request, 'A request differs after formatTarget');
    }
  },
};
