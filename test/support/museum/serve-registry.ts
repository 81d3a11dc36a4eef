import {
  answer,
  answerError,
  type Exchange,
  type FakeAuth,
  REPOSITORY_PATH,
  type Route,
  serveBlob,
  serveManifest,
  serveReferrers,
} from '../fake-registry';
import { answerCanned } from './answer-canned';
import type { Refusal } from './parts/refusals';
import type { RedirectForm, RegistryProfile } from './profile';
import { serveSigned, type SignedContent, type SignedUrls } from './serve-storage';
import { serveTokens } from './serve-tokens';

/** The parts that the registry host of an exhibit needs. */
export interface RegistryParts {
  readonly profile: RegistryProfile;
  readonly auth: FakeAuth;
  readonly urls: SignedUrls;
  /** The URL of the storage host. */
  readonly storage: string;
  /** The URL of a separate token server. */
  readonly tokens: string;
}

/** Returns the registry host of an exhibit. */
export function serveRegistry(parts: RegistryParts): Route {
  const { profile, auth, urls } = parts;
  const { authentication } = profile;
  const tokenServer = serveTokens(profile, auth);
  return (exchange) => {
    const { entry, response } = exchange;
    for (const [name, value] of Object.entries(profile.headers ?? {})) response.setHeader(name, value);
    if (authentication.tokens?.otherHost !== true && entry.path === authentication.tokens?.path) {
      return tokenServer(exchange);
    }
    const match = REPOSITORY_PATH.exec(entry.path);
    if (match === null && entry.path !== '/v2/') {
      return profile.blobs.redirect?.sameHost === true
        ? serveSigned(exchange, profile, urls)
        : answerError(exchange, 404, 'NOT_FOUND');
    }
    const [, repository, kind, reference = ''] = match ?? [];
    const refusal = refusalOf(parts, exchange, repository);
    if (refusal !== undefined) return answerCanned(exchange, authentication.refuse(refusal));
    if (kind === undefined) return answer(exchange, 200, { 'content-type': 'application/json' }, Buffer.from('{}'));
    return serveContent(parts, exchange, kind, repository!, reference);
  };
}

/** Returns why a request is not authorized; undefined = it is. */
function refusalOf(parts: RegistryParts, exchange: Exchange, repository: string | undefined): Refusal | undefined {
  const { auth, profile } = parts;
  const { authentication } = profile;
  const { message, entry, ownUrl } = exchange;
  const access = auth.check(message, repository);
  const sent = message.headers.authorization !== undefined;
  if (access.kind === 'allowed') return undefined;
  const isOpen = authentication.opensPublicReads === true && !sent && entry.method === 'GET';
  if (isOpen && repository !== undefined && auth.mayRead(message, repository) === true) return undefined;
  const { path = '/token', otherHost } = authentication.tokens ?? {};
  return {
    reason: access.kind === 'denied' ? 'denied' : sent ? 'invalid' : 'anonymous',
    method: entry.method,
    repository,
    realm: `${otherHost === true ? parts.tokens : ownUrl}${path}`,
    host: new URL(ownUrl).host,
  };
}

function serveContent(
  parts: RegistryParts,
  exchange: Exchange,
  kind: string,
  repository: string,
  reference: string,
): Promise<void> {
  const { profile } = parts;
  const { content, entry, ownUrl } = exchange;
  if (!content.hasRepository(repository) && profile.missing.answer !== undefined) {
    return answerCanned(exchange, profile.missing.answer(repository));
  }
  const { redirect, head } = profile.blobs;
  switch (kind) {
    case 'manifests': {
      if (entry.method === 'HEAD' && profile.manifestHead === 'absent') {
        return answerError(exchange, 404, 'MANIFEST_UNKNOWN');
      }
      const isKnown = content.manifest(repository, reference) !== undefined;
      return profile.redirectsManifests === true && isKnown && redirect !== undefined
        ? redirectTo(parts, exchange, redirect, { kind, repository, reference })
        : serveManifest(exchange, repository, reference);
    }
    case 'blobs': {
      const isKnown = content.blob(repository, reference) !== undefined;
      if (entry.method === 'HEAD' && isKnown && typeof head === 'function') {
        const { host } = new URL(ownUrl);
        const realm = `${ownUrl}${profile.authentication.tokens?.path ?? '/token'}`;
        return answerCanned(exchange, head({ reason: 'anonymous', method: 'HEAD', repository, realm, host }));
      }
      const isDirect = redirect === undefined || !isKnown || (entry.method === 'HEAD' && head === 'direct');
      return isDirect
        ? serveBlob(exchange, repository, reference)
        : redirectTo(parts, exchange, redirect, { kind, repository, reference });
    }
    case 'referrers':
      return serveReferrersOf(parts, exchange, repository, reference);
    default:
      return serveTagPage(exchange, profile, repository);
  }
}

function serveReferrersOf(
  { profile, urls, storage }: RegistryParts,
  exchange: Exchange,
  repository: string,
  digest: string,
): Promise<void> {
  const { referrers } = profile;
  if (typeof referrers === 'function') return referrers(exchange);
  if (referrers === 'api') return serveReferrers(exchange, repository, digest);
  if (referrers === 'absent') return answerError(exchange, 404, 'NOT_FOUND');
  const target = referrers.target(repository, digest);
  urls.issueAnswer(target, referrers.answer);
  return answer(exchange, referrers.status, { location: `${storage}${target}` }, Buffer.alloc(0));
}

function redirectTo(
  { urls, storage }: RegistryParts,
  exchange: Exchange,
  form: RedirectForm,
  content: SignedContent,
): Promise<void> {
  const target = form.target({ ...content, digest: content.reference });
  const methods = { method: [exchange.entry.method], GET: ['GET'], any: ['GET', 'HEAD'] }[form.signedFor];
  urls.issue(target, content, methods);
  const headers: Record<string, string> = { location: form.sameHost === true ? target : `${storage}${target}` };
  if (form.namesDigest === true) headers['docker-content-digest'] = content.reference;
  return answer(exchange, form.status, headers, Buffer.alloc(0));
}

function serveTagPage(exchange: Exchange, profile: RegistryProfile, repository: string): Promise<void> {
  const { content, url, ownUrl } = exchange;
  if (!content.hasRepository(repository)) return answerError(exchange, 404, 'NAME_UNKNOWN');
  const query = { query: url.searchParams, tags: content.tags(repository), path: url.pathname, origin: ownUrl };
  const { tags, next, fields, contentType = 'application/json' } = profile.tags(query);
  const headers: Record<string, string> = { 'content-type': contentType };
  if (next !== undefined) headers['link'] = `<${next}>; rel="next"`;
  return answer(exchange, 200, headers, Buffer.from(JSON.stringify({ ...fields, name: repository, tags })));
}
