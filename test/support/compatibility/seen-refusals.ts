import type { RefusalKind, RefusedClient } from './refusals';

/**
 * What each client writes to its standard error for each kind of refusal, on one line. The suite
 * `client-refusals` compares it with what the programs write.
 */
export const SEEN_REFUSALS: Readonly<Record<RefusedClient, Readonly<Partial<Record<RefusalKind, string>>>>> = {
  podman: {
    'missing-tag':
      'Error: initializing source docker://layover.example/open/team/podman:2.0.0: reading manifest 2.0.0 in layover.example/open/team/podman: manifest unknown: upstream.example does not know team/podman:2.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown',
    'missing-repository':
      'Error: initializing source docker://layover.example/open/team/podman-missing:1.0.0: reading manifest 1.0.0 in layover.example/open/team/podman-missing: manifest unknown: upstream.example does not know team/podman-missing:1.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown',
    'no-login':
      'Error: initializing source docker://layover.example/vault/team/podman:1.0.0: reading manifest 1.0.0 in layover.example/vault/team/podman: errors: denied: organization \'vault\' is private or does not exist; log in as vault+<robot> unauthorized: organization "vault" is private or does not exist; log in as vault+<robot>',
    'wrong-secret': 'Error: logging into "layover.example": invalid username/password',
    'unknown-organization':
      'Error: initializing source docker://layover.example/unknown/team/podman:1.0.0: reading manifest 1.0.0 in layover.example/unknown/team/podman: errors: denied: organization \'unknown\' is private or does not exist; log in as unknown+<robot> unauthorized: organization "unknown" is private or does not exist; log in as unknown+<robot>',
    denied:
      'Error: initializing source docker://layover.example/denying/team/podman:1.0.0: reading manifest 1.0.0 in layover.example/denying/team/podman: denied: organization "denying" denies repository "team/podman"; its allow and deny patterns decide which repositories may be pulled',
    vulnerable:
      'Error: initializing source docker://layover.example/gated/team/podman:1.0.0: reading manifest 1.0.0 in layover.example/gated/team/podman: denied: image sha256:… is blocked by the scan policy of organization "gated": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001)',
    quota:
      'Error: initializing source docker://layover.example/full/team/podman:1.0.0: reading manifest 1.0.0 in layover.example/full/team/podman: denied: Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit',
    'switched-off':
      'Error: initializing source docker://layover.example/off/team/podman:1.0.0: reading manifest 1.0.0 in layover.example/off/team/podman: denied: proxying is switched off for organization "off"; its administrator can switch it on again',
    unreachable:
      'Error: initializing source docker://layover.example/away/team/podman:1.0.0: reading manifest 1.0.0 in layover.example/away/team/podman: received unexpected HTTP status: 502 upstream.example cannot be reached: it refused the connection, request …',
    limited:
      'Error: initializing source docker://layover.example/limited/team/podman:1.0.0: reading manifest 1.0.0 in layover.example/limited/team/podman: toomanyrequests: upstream.example limits the requests of Layover (429); try again in … seconds',
  },
  skopeo: {
    'missing-tag':
      'time=… level=fatal msg="initializing source docker://layover.example/open/team/skopeo:2.0.0: reading manifest 2.0.0 in layover.example/open/team/skopeo: manifest unknown: upstream.example does not know team/skopeo:2.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown"',
    'missing-repository':
      'time=… level=fatal msg="initializing source docker://layover.example/open/team/skopeo-missing:1.0.0: reading manifest 1.0.0 in layover.example/open/team/skopeo-missing: manifest unknown: upstream.example does not know team/skopeo-missing:1.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown"',
    'no-login':
      'time=… level=fatal msg="initializing source docker://layover.example/vault/team/skopeo:1.0.0: reading manifest 1.0.0 in layover.example/vault/team/skopeo: errors:\\ndenied: organization \'vault\' is private or does not exist; log in as vault+<robot>\\nunauthorized: organization \\"vault\\" is private or does not exist; log in as vault+<robot>\\n"',
    'wrong-secret':
      'time=… level=fatal msg="initializing source docker://layover.example/vault/team/skopeo:1.0.0: unable to retrieve auth token: invalid username/password: unauthorized: wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account"',
    'unknown-organization':
      'time=… level=fatal msg="initializing source docker://layover.example/unknown/team/skopeo:1.0.0: reading manifest 1.0.0 in layover.example/unknown/team/skopeo: errors:\\ndenied: organization \'unknown\' is private or does not exist; log in as unknown+<robot>\\nunauthorized: organization \\"unknown\\" is private or does not exist; log in as unknown+<robot>\\n"',
    denied:
      'time=… level=fatal msg="initializing source docker://layover.example/denying/team/skopeo:1.0.0: reading manifest 1.0.0 in layover.example/denying/team/skopeo: denied: organization \\"denying\\" denies repository \\"team/skopeo\\"; its allow and deny patterns decide which repositories may be pulled"',
    vulnerable:
      'time=… level=fatal msg="initializing source docker://layover.example/gated/team/skopeo:1.0.0: reading manifest 1.0.0 in layover.example/gated/team/skopeo: denied: image sha256:… is blocked by the scan policy of organization \\"gated\\": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001)"',
    quota:
      'time=… level=fatal msg="initializing source docker://layover.example/full/team/skopeo:1.0.0: reading manifest 1.0.0 in layover.example/full/team/skopeo: denied: Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit"',
    'switched-off':
      'time=… level=fatal msg="initializing source docker://layover.example/off/team/skopeo:1.0.0: reading manifest 1.0.0 in layover.example/off/team/skopeo: denied: proxying is switched off for organization \\"off\\"; its administrator can switch it on again"',
    unreachable:
      'time=… level=fatal msg="initializing source docker://layover.example/away/team/skopeo:1.0.0: reading manifest 1.0.0 in layover.example/away/team/skopeo: received unexpected HTTP status: 502 upstream.example cannot be reached: it refused the connection, request …"',
    limited:
      'time=… level=fatal msg="initializing source docker://layover.example/limited/team/skopeo:1.0.0: reading manifest 1.0.0 in layover.example/limited/team/skopeo: toomanyrequests: upstream.example limits the requests of Layover (429); try again in … seconds"',
  },
  containerd: {
    'missing-tag':
      'ctr: failed to resolve reference "layover.example/open/team/containerd:2.0.0": layover.example/open/team/containerd:2.0.0: not found',
    'missing-repository':
      'ctr: failed to resolve reference "layover.example/open/team/containerd-missing:1.0.0": layover.example/open/team/containerd-missing:1.0.0: not found',
    'no-login':
      'ctr: failed to resolve reference "layover.example/vault/team/containerd:1.0.0": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'wrong-secret':
      'ctr: failed to resolve reference "layover.example/vault/team/containerd:1.0.0": failed to authorize: failed to fetch oauth token: unexpected status: 401 wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account, request …',
    'unknown-organization':
      'ctr: failed to resolve reference "layover.example/unknown/team/containerd:1.0.0": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    denied:
      'ctr: failed to resolve reference "layover.example/denying/team/containerd:1.0.0": pulling from host layover.example failed with status code [manifests 1.0.0]: 403 organization "denying" denies repository "team/containerd"; its allow and deny patterns decide which repositories may be pulled, request …',
    vulnerable:
      'ctr: failed to resolve reference "layover.example/gated/team/containerd:1.0.0": pulling from host layover.example failed with status code [manifests 1.0.0]: 403 image sha256:… is blocked by the scan policy of organization "gated": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001), request …',
    quota:
      'ctr: failed to resolve reference "layover.example/full/team/containerd:1.0.0": pulling from host layover.example failed with status code [manifests 1.0.0]: 403 Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit, request …',
    'switched-off':
      'ctr: failed to resolve reference "layover.example/off/team/containerd:1.0.0": pulling from host layover.example failed with status code [manifests 1.0.0]: 403 proxying is switched off for organization "off"; its administrator can switch it on again, request …',
    unreachable:
      'ctr: failed to resolve reference "layover.example/away/team/containerd:1.0.0": pulling from host layover.example failed with status code [manifests 1.0.0]: 502 upstream.example cannot be reached: it refused the connection, request …',
    limited:
      'ctr: failed to resolve reference "layover.example/limited/team/containerd:1.0.0": pulling from host layover.example failed with status code [manifests 1.0.0]: 429 upstream.example limits the requests of Layover (429); try again in … seconds, request …',
  },
  containerd2: {
    'missing-tag':
      'ctr: failed to resolve reference "layover.example/open/team/containerd2:2.0.0": layover.example/open/team/containerd2:2.0.0: not found',
    'missing-repository':
      'ctr: failed to resolve reference "layover.example/open/team/containerd2-missing:1.0.0": layover.example/open/team/containerd2-missing:1.0.0: not found',
    'no-login':
      'ctr: failed to resolve reference "layover.example/vault/team/containerd2:1.0.0": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'wrong-secret':
      'ctr: failed to resolve reference "layover.example/vault/team/containerd2:1.0.0": failed to authorize: failed to fetch oauth token: unexpected status from GET request to http://layover.example/token?scope=repository%3Avault%2Fteam%2Fcontainerd2%3Apull&service=layover: 401 wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account, request …',
    'unknown-organization':
      'ctr: failed to resolve reference "layover.example/unknown/team/containerd2:1.0.0": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    denied:
      'ctr: failed to resolve reference "layover.example/denying/team/containerd2:1.0.0": unexpected status from HEAD request to http://layover.example/v2/denying/team/containerd2/manifests/1.0.0: 403 organization "denying" denies repository "team/containerd2"; its allow and deny patterns decide which repositories may be pulled, request … denied: organization "denying" denies repository "team/containerd2"; its allow and deny patterns decide which repositories may be pulled',
    vulnerable:
      'ctr: failed to resolve reference "layover.example/gated/team/containerd2:1.0.0": unexpected status from HEAD request to http://layover.example/v2/gated/team/containerd2/manifests/1.0.0: 403 image sha256:… is blocked by the scan policy of organization "gated": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001), request … denied: image sha256:… is blocked by the scan policy of organization "gated": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001)',
    quota:
      'ctr: failed to resolve reference "layover.example/full/team/containerd2:1.0.0": unexpected status from HEAD request to http://layover.example/v2/full/team/containerd2/manifests/1.0.0: 403 Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit, request … denied: Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit',
    'switched-off':
      'ctr: failed to resolve reference "layover.example/off/team/containerd2:1.0.0": unexpected status from HEAD request to http://layover.example/v2/off/team/containerd2/manifests/1.0.0: 403 proxying is switched off for organization "off"; its administrator can switch it on again, request … denied: proxying is switched off for organization "off"; its administrator can switch it on again',
    unreachable:
      'ctr: failed to resolve reference "layover.example/away/team/containerd2:1.0.0": unexpected status from HEAD request to http://layover.example/v2/away/team/containerd2/manifests/1.0.0: 502 upstream.example cannot be reached: it refused the connection, request …',
    limited:
      'ctr: failed to resolve reference "layover.example/limited/team/containerd2:1.0.0": unexpected status from HEAD request to http://layover.example/v2/limited/team/containerd2/manifests/1.0.0: 429 upstream.example limits the requests of Layover (429); try again in … seconds, request …',
  },
  docker: {
    'missing-tag':
      'manifest for layover.example/open/team/docker:2.0.0 not found: manifest unknown: upstream.example does not know team/docker:2.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown',
    'missing-repository':
      'manifest for layover.example/open/team/docker-missing:1.0.0 not found: manifest unknown: upstream.example does not know team/docker-missing:1.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown',
    'no-login':
      "pull access denied for layover.example/vault/team/docker, repository does not exist or may require 'docker login': denied: organization 'vault' is private or does not exist; log in as vault+<robot>",
    'wrong-secret':
      'Head "http://layover.example/v2/vault/team/docker/manifests/1.0.0": unauthorized: wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account',
    'unknown-organization':
      "pull access denied for layover.example/unknown/team/docker, repository does not exist or may require 'docker login': denied: organization 'unknown' is private or does not exist; log in as unknown+<robot>",
    denied:
      'pull access denied for layover.example/denying/team/docker, repository does not exist or may require \'docker login\': denied: organization "denying" denies repository "team/docker"; its allow and deny patterns decide which repositories may be pulled',
    vulnerable:
      'pull access denied for layover.example/gated/team/docker, repository does not exist or may require \'docker login\': denied: image sha256:… is blocked by the scan policy of organization "gated": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001)',
    quota:
      "pull access denied for layover.example/full/team/docker, repository does not exist or may require 'docker login': denied: Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit",
    'switched-off':
      'pull access denied for layover.example/off/team/docker, repository does not exist or may require \'docker login\': denied: proxying is switched off for organization "off"; its administrator can switch it on again',
    unreachable:
      'received unexpected HTTP status: 502 upstream.example cannot be reached: it refused the connection, request …',
    limited: 'toomanyrequests: upstream.example limits the requests of Layover (429); try again in … seconds',
  },
  crane: {
    'missing-tag':
      'Error: GET http://layover.example/v2/open/team/crane/manifests/2.0.0: MANIFEST_UNKNOWN: upstream.example does not know team/crane:2.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown',
    'missing-repository':
      'Error: GET http://layover.example/v2/open/team/crane-missing/manifests/1.0.0: MANIFEST_UNKNOWN: upstream.example does not know team/crane-missing:1.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown',
    'no-login':
      'Error: GET http://layover.example/v2/vault/team/crane/manifests/1.0.0: UNAUTHORIZED: organization "vault" is private or does not exist; log in as vault+<robot>; map[error:insufficient_scope scope:repository:vault/team/crane:pull]',
    'wrong-secret':
      'Error: GET http://layover.example/token?scope=repository%3Avault%2Fteam%2Fcrane%3Apull&service=layover: UNAUTHORIZED: wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account',
    'unknown-organization':
      'Error: GET http://layover.example/v2/unknown/team/crane/manifests/1.0.0: UNAUTHORIZED: organization "unknown" is private or does not exist; log in as unknown+<robot>; map[error:insufficient_scope scope:repository:unknown/team/crane:pull]',
    denied:
      'Error: GET http://layover.example/v2/denying/team/crane/manifests/1.0.0: DENIED: organization "denying" denies repository "team/crane"; its allow and deny patterns decide which repositories may be pulled; map[organization:denying repository:team/crane]',
    vulnerable:
      'Error: GET http://layover.example/v2/gated/team/crane/manifests/1.0.0: DENIED: image sha256:… is blocked by the scan policy of organization "gated": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001); map[digest:sha256:… organization:gated reason:it has 1 known vulnerability that the scan policy blocks: 1 HIGH repository:team/crane vulnerabilities:[CVE-2026-0001]]',
    quota:
      'Error: GET http://layover.example/v2/full/team/crane/manifests/1.0.0: DENIED: Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit; map[limitBytes:100 neededBytes:… usedBytes:0]',
    'switched-off':
      'Error: GET http://layover.example/v2/off/team/crane/manifests/1.0.0: DENIED: proxying is switched off for organization "off"; its administrator can switch it on again',
    unreachable:
      'Error: GET http://layover.example/v2/away/team/crane/manifests/1.0.0: UNAVAILABLE: upstream.example cannot be reached: it refused the connection',
    limited:
      'Error: GET http://layover.example/v2/limited/team/crane/manifests/1.0.0: TOOMANYREQUESTS: upstream.example limits the requests of Layover (429); try again in … seconds',
  },
  oras: {
    'missing-tag':
      'Error from source registry for "layover.example/open/team/oras:2.0.0": layover.example/open/team/oras:2.0.0: not found',
    'missing-repository':
      'Error from source registry for "layover.example/open/team/oras-missing:1.0.0": layover.example/open/team/oras-missing:1.0.0: not found',
    'no-login':
      'Error from source registry for "layover.example/vault/team/oras:1.0.0": unauthorized: organization "vault" is private or does not exist; log in as vault+<robot>: map[error:insufficient_scope scope:repository:vault/team/oras:pull]',
    'wrong-secret':
      'Error response from registry: unauthorized: wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account',
    'unknown-organization':
      'Error from source registry for "layover.example/unknown/team/oras:1.0.0": unauthorized: organization "unknown" is private or does not exist; log in as unknown+<robot>: map[error:insufficient_scope scope:repository:unknown/team/oras:pull]',
    denied:
      'Error from source registry for "layover.example/denying/team/oras:1.0.0": denied: organization "denying" denies repository "team/oras"; its allow and deny patterns decide which repositories may be pulled: map[organization:denying repository:team/oras]',
    vulnerable:
      'Error from source registry for "layover.example/gated/team/oras:1.0.0": denied: image sha256:… is blocked by the scan policy of organization "gated": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001): map[digest:sha256:… organization:gated reason:it has 1 known vulnerability that the scan policy blocks: 1 HIGH repository:team/oras vulnerabilities:[CVE-2026-0001]]',
    quota:
      'Error from source registry for "layover.example/full/team/oras:1.0.0": denied: Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit: map[limitBytes:100 neededBytes:… usedBytes:0]',
    'switched-off':
      'Error from source registry for "layover.example/off/team/oras:1.0.0": denied: proxying is switched off for organization "off"; its administrator can switch it on again',
    unreachable:
      'Error from source registry for "layover.example/away/team/oras:1.0.0": unavailable: upstream.example cannot be reached: it refused the connection',
    limited:
      'Error from source registry for "layover.example/limited/team/oras:1.0.0": toomanyrequests: upstream.example limits the requests of Layover (429); try again in … seconds',
  },
  regctl: {
    'missing-tag':
      'failed to get manifest layover.example/open/team/regctl:2.0.0: request failed: not found [http 404]: {"errors":[{"code":"MANIFEST_UNKNOWN","message":"upstream.example does not know team/regctl:2.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown"}]}',
    'missing-repository':
      'failed to get manifest layover.example/open/team/regctl-missing:1.0.0: request failed: not found [http 404]: {"errors":[{"code":"MANIFEST_UNKNOWN","message":"upstream.example does not know team/regctl-missing:1.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown"}]}',
    'no-login': 'failed to get manifest layover.example/vault/team/regctl:1.0.0: unauthorized',
    'wrong-secret': 'failed to ping registry layover.example: unauthorized',
    'unknown-organization': 'failed to get manifest layover.example/unknown/team/regctl:1.0.0: unauthorized',
    denied:
      'failed to get manifest layover.example/denying/team/regctl:1.0.0: request failed: unauthorized [http 403]: {"errors":[{"code":"DENIED","message":"organization \\"denying\\" denies repository \\"team/regctl\\"; its allow and deny patterns decide which repositories may be pulled","detail":{"organization":"denying","repository":"team/regctl"}}]}',
    vulnerable:
      'failed to get manifest layover.example/gated/team/regctl:1.0.0: request failed: unauthorized [http 403]: {"errors":[{"code":"DENIED","message":"image sha256:… is blocked by the scan policy of organization \\"gated\\": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001)","detail":{"organization":"gated","repository":"team/regctl","digest":"sha256:…","reason":"it has 1 known vulnerability that the scan policy blocks: 1 HIGH","vulnerabilities":["CVE-2026-0001"]}}]}',
    quota:
      'failed to get manifest layover.example/full/team/regctl:1.0.0: request failed: unauthorized [http 403]: {"errors":[{"code":"DENIED","message":"Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit","detail":{"limitBytes":100,"usedBytes":0,"neededBytes":…}}]}',
    'switched-off':
      'failed to get manifest layover.example/off/team/regctl:1.0.0: request failed: unauthorized [http 403]: {"errors":[{"code":"DENIED","message":"proxying is switched off for organization \\"off\\"; its administrator can switch it on again"}]}',
    unreachable:
      'failed to get manifest layover.example/away/team/regctl:1.0.0: request failed: unexpected http status code: Bad Gateway [http 502]: {"errors":[{"code":"UNAVAILABLE","message":"upstream.example cannot be reached: it refused the connection"}]}',
    limited: 'failed to get manifest layover.example/limited/team/regctl:1.0.0: retry limit exceeded',
  },
  helm: {
    'missing-tag':
      'Error: failed to perform "FetchReference" on source: layover.example/open/team/helm:2.0.0: not found',
    'missing-repository':
      'Error: failed to perform "FetchReference" on source: layover.example/open/team/helm-missing:1.0.0: not found',
    'no-login':
      'Error: failed to perform "FetchReference" on source: GET "http://layover.example/v2/vault/team/helm/manifests/1.0.0": response status code 401: unauthorized: organization "vault" is private or does not exist; log in as vault+<robot>: map[error:insufficient_scope scope:repository:vault/team/helm:pull]',
    'wrong-secret':
      'Error: authenticating to "layover.example": GET "http://layover.example/v2/": GET "http://layover.example/token?service=layover": response status code 401: unauthorized: wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account',
    'unknown-organization':
      'Error: failed to perform "FetchReference" on source: GET "http://layover.example/v2/unknown/team/helm/manifests/1.0.0": response status code 401: unauthorized: organization "unknown" is private or does not exist; log in as unknown+<robot>: map[error:insufficient_scope scope:repository:unknown/team/helm:pull]',
    denied:
      'Error: failed to perform "FetchReference" on source: GET "http://layover.example/v2/denying/team/helm/manifests/1.0.0": response status code 403: denied: organization "denying" denies repository "team/helm"; its allow and deny patterns decide which repositories may be pulled: map[organization:denying repository:team/helm]',
    quota:
      'Error: failed to perform "FetchReference" on source: GET "http://layover.example/v2/full/team/helm/manifests/1.0.0": response status code 403: denied: Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit: map[limitBytes:100 neededBytes:… usedBytes:0]',
    'switched-off':
      'Error: failed to perform "FetchReference" on source: GET "http://layover.example/v2/off/team/helm/manifests/1.0.0": response status code 403: denied: proxying is switched off for organization "off"; its administrator can switch it on again',
    unreachable:
      'Error: failed to perform "FetchReference" on source: GET "http://layover.example/v2/away/team/helm/manifests/1.0.0": response status code 502: unavailable: upstream.example cannot be reached: it refused the connection',
    limited:
      'Error: failed to perform "FetchReference" on source: GET "http://layover.example/v2/limited/team/helm/manifests/1.0.0": response status code 429: toomanyrequests: upstream.example limits the requests of Layover (429); try again in … seconds',
  },
  cosign: {
    'missing-tag':
      'Error: image tag not found: GET http://layover.example/v2/open/team/cosign/manifests/2.0.0: MANIFEST_UNKNOWN: upstream.example does not know team/cosign:2.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown error during command execution: image tag not found: GET http://layover.example/v2/open/team/cosign/manifests/2.0.0: MANIFEST_UNKNOWN: upstream.example does not know team/cosign:2.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown',
    'missing-repository':
      'Error: image tag not found: GET http://layover.example/v2/open/team/cosign-missing/manifests/1.0.0: MANIFEST_UNKNOWN: upstream.example does not know team/cosign-missing:1.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown error during command execution: image tag not found: GET http://layover.example/v2/open/team/cosign-missing/manifests/1.0.0: MANIFEST_UNKNOWN: upstream.example does not know team/cosign-missing:1.0.0 (404); it answered: MANIFEST_UNKNOWN: manifest unknown',
    'no-login':
      'Error: GET http://layover.example/v2/vault/team/cosign/manifests/1.0.0: UNAUTHORIZED: organization "vault" is private or does not exist; log in as vault+<robot>; map[error:insufficient_scope scope:repository:vault/team/cosign:pull] error during command execution: GET http://layover.example/v2/vault/team/cosign/manifests/1.0.0: UNAUTHORIZED: organization "vault" is private or does not exist; log in as vault+<robot>; map[error:insufficient_scope scope:repository:vault/team/cosign:pull]',
    'wrong-secret':
      'Error: GET http://layover.example/token?scope=repository%3Avault%2Fteam%2Fcosign%3Apull&service=layover: UNAUTHORIZED: wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account error during command execution: GET http://layover.example/token?scope=repository%3Avault%2Fteam%2Fcosign%3Apull&service=layover: UNAUTHORIZED: wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account',
    'unknown-organization':
      'Error: GET http://layover.example/v2/unknown/team/cosign/manifests/1.0.0: UNAUTHORIZED: organization "unknown" is private or does not exist; log in as unknown+<robot>; map[error:insufficient_scope scope:repository:unknown/team/cosign:pull] error during command execution: GET http://layover.example/v2/unknown/team/cosign/manifests/1.0.0: UNAUTHORIZED: organization "unknown" is private or does not exist; log in as unknown+<robot>; map[error:insufficient_scope scope:repository:unknown/team/cosign:pull]',
    denied:
      'Error: GET http://layover.example/v2/denying/team/cosign/manifests/1.0.0: DENIED: organization "denying" denies repository "team/cosign"; its allow and deny patterns decide which repositories may be pulled; map[organization:denying repository:team/cosign] error during command execution: GET http://layover.example/v2/denying/team/cosign/manifests/1.0.0: DENIED: organization "denying" denies repository "team/cosign"; its allow and deny patterns decide which repositories may be pulled; map[organization:denying repository:team/cosign]',
    vulnerable:
      'Error: GET http://layover.example/v2/gated/team/cosign/manifests/1.0.0: DENIED: image sha256:… is blocked by the scan policy of organization "gated": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001); map[digest:sha256:… organization:gated reason:it has 1 known vulnerability that the scan policy blocks: 1 HIGH repository:team/cosign vulnerabilities:[CVE-2026-0001]] error during command execution: GET http://layover.example/v2/gated/team/cosign/manifests/1.0.0: DENIED: image sha256:… is blocked by the scan policy of organization "gated": it has 1 known vulnerability that the scan policy blocks: 1 HIGH (CVE-2026-0001); map[digest:sha256:… organization:gated reason:it has 1 known vulnerability that the scan policy blocks: 1 HIGH repository:team/cosign vulnerabilities:[CVE-2026-0001]]',
    quota:
      'Error: GET http://layover.example/v2/full/team/cosign/manifests/1.0.0: DENIED: Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit; map[limitBytes:100 neededBytes:… usedBytes:0] error during command execution: GET http://layover.example/v2/full/team/cosign/manifests/1.0.0: DENIED: Quota has been exceeded on namespace full: the image has … bytes, the limit is 100, 0 are in use; the image is larger than the whole limit; map[limitBytes:100 neededBytes:… usedBytes:0]',
    'switched-off':
      'Error: GET http://layover.example/v2/off/team/cosign/manifests/1.0.0: DENIED: proxying is switched off for organization "off"; its administrator can switch it on again error during command execution: GET http://layover.example/v2/off/team/cosign/manifests/1.0.0: DENIED: proxying is switched off for organization "off"; its administrator can switch it on again',
    unreachable:
      'Error: GET http://layover.example/v2/away/team/cosign/manifests/1.0.0: unexpected status code 502 Bad Gateway error during command execution: GET http://layover.example/v2/away/team/cosign/manifests/1.0.0: unexpected status code 502 Bad Gateway',
    limited:
      'Error: GET http://layover.example/v2/limited/team/cosign/manifests/1.0.0: TOOMANYREQUESTS: upstream.example limits the requests of Layover (429); try again in … seconds error during command execution: GET http://layover.example/v2/limited/team/cosign/manifests/1.0.0: TOOMANYREQUESTS: upstream.example limits the requests of Layover (429); try again in … seconds',
  },
};
