import {
  answer,
  answerError,
  type CannedResponse,
  type Exchange,
  type Route,
  serveBlob,
  serveManifest,
} from '../fake-registry';
import { answerCanned } from './answer-canned';
import type { RegistryProfile } from './profile';

/** The content to which a signed URL leads. */
export interface SignedContent {
  readonly kind: 'blobs' | 'manifests';
  readonly repository: string;
  /** The digest, or the tag of a manifest. */
  readonly reference: string;
}

/** The URLs of other hosts to which a registry has redirected. */
export class SignedUrls {
  private readonly issued = new Map<string, SignedContent & { readonly methods: readonly string[] }>();
  private readonly canned = new Map<string, CannedResponse>();

  /** Issues a URL, given by path and query, for these methods, in addition to earlier ones. */
  issue(target: string, content: SignedContent, methods: readonly string[]): void {
    const before = this.issued.get(target)?.methods ?? [];
    this.issued.set(target, { ...content, methods: [...before, ...methods] });
  }

  /** Issues a URL with a fixed answer. */
  issueAnswer(target: string, answered: CannedResponse): void {
    this.canned.set(target, answered);
  }

  /** Returns the fixed answer of a URL, if it has one. */
  answerTo(target: string): CannedResponse | undefined {
    return this.canned.get(target);
  }

  /** Returns what a request leads to; undefined: its URL was not issued. */
  open(target: string): (SignedContent & { readonly methods: readonly string[] }) | undefined {
    return this.issued.get(target);
  }
}

/** Returns the storage host of a registry. */
export function serveStorage(profile: RegistryProfile, urls: SignedUrls): Route {
  return (exchange) => serveSigned(exchange, profile, urls);
}

/**
 * Answers a request with a signed URL: 403 for a URL that was not issued or not for this method, as
 * object storages answer it.
 */
export function serveSigned(exchange: Exchange, profile: RegistryProfile, urls: SignedUrls): Promise<void> {
  const target = exchange.message.url ?? '';
  const canned = urls.answerTo(target);
  if (canned !== undefined) return answerCanned(exchange, canned);
  const content = urls.open(target);
  const { withAuthorization, sameHost } = profile.blobs.redirect ?? {};
  if (exchange.message.headers.authorization !== undefined && sameHost !== true && withAuthorization !== undefined) {
    return answerCanned(exchange, withAuthorization);
  }
  if (content === undefined) return answerError(exchange, 403, 'DENIED');
  if (!content.methods.includes(exchange.entry.method)) {
    const xml = '<Error><Code>SignatureDoesNotMatch</Code></Error>';
    return answer(exchange, 403, { 'content-type': 'application/xml' }, Buffer.from(xml));
  }
  const { repository, reference } = content;
  return content.kind === 'blobs'
    ? serveBlob(exchange, repository, reference)
    : serveManifest(exchange, repository, reference);
}
