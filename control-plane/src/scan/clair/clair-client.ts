import { SignJWT } from 'jose';
import type { Clock } from '../../../../common/runtime/clock';
import type { ScanConfig } from './scan-config';
import { ClairCircuit } from './clair-circuit';
import { ClairError } from './clair-error';
import { type ClairAnswer, ClairHttp, type ClairRequest } from './clair-http';
import { awaitIndex, type IndexProgress } from './await-index';
import { type IndexOutcome, readIndexProgress, readIndexReport, readIndexState } from './index-report';
import { type NotificationPage, readNotificationPage } from './notification-page';
import { withoutLayerAddress } from './report-text';
import { parseReport, type VulnerabilityReport } from './vulnerability-report';

/** Time limit for indexing, which is one request including all layers, in milliseconds. */
const INDEX_MS = 600_000;
/** Time limit for all other calls, in milliseconds. */
const CALL_MS = 30_000;
/** Lifetime of a token for Clair, in seconds. */
const PSK_TOKEN_SECONDS = 300;
/** Maximum size of a vulnerability report or an index report, in bytes. */
const REPORT_BYTES = 64 * 1024 * 1024;
const SMALL_BYTES = 1024 * 1024;
const NOTIFICATIONS_PER_PAGE = 500;
const LONGEST_BUSY_MS = 300_000;

/** A layer as sent to Clair. */
export interface ClairLayer {
  readonly hash: string;
  readonly uri: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
}

/** The answer of the matcher for an image. */
export type ReportOutcome =
  | { readonly kind: 'report'; readonly report: VulnerabilityReport }
  /** 202: the database of the matcher is not ready. */
  | { readonly kind: 'not-ready' }
  /** 404: the image is not indexed, or not completely. */
  | { readonly kind: 'not-indexed' };

/**
 * A client for Clair's API v1 (httptransport/ in its source). Every method throws a ClairError. The
 * circuit is told the outcome of each call.
 */
export class ClairClient {
  readonly circuit: ClairCircuit;
  private readonly http: ClairHttp;

  constructor(
    private readonly config: Pick<ScanConfig, 'clairUrl' | 'psk' | 'issuer' | 'concurrency'>,
    private readonly clock: Clock,
  ) {
    this.circuit = new ClairCircuit(clock);
    this.http = new ClairHttp(config.clairUrl, config.concurrency + 4, clock);
  }

  /** Closes idle connections. The caller must abort running calls. */
  close(): void {
    this.http.close();
  }

  /**
   * Returns the index_state of the indexer. `known` is the last known state; it is sent as
   * If-None-Match.
   */
  async indexState(known: string | undefined, signal: AbortSignal): Promise<string> {
    const path = '/indexer/api/v1/index_state';
    const answer = await this.call('GET', path, { headers: ifNoneMatch(known), signal });
    if (answer.status === 304 && known !== undefined) return known;
    if (answer.status !== 200) throw unexpected(path, answer);
    return readIndexState(answer);
  }

  /**
   * Indexes an image. `indexedAt` is the index_state that the image was indexed with, if it was; if
   * that is still the state, Clair answers 412 and does no work.
   */
  async index(
    digest: string,
    layers: readonly ClairLayer[],
    indexedAt: string | undefined,
    signal: AbortSignal,
  ): Promise<IndexOutcome> {
    const send = (within: AbortSignal): Promise<IndexOutcome> => this.sendIndex(digest, layers, indexedAt, within);
    // A report of an earlier indexing says nothing about this one.
    if (indexedAt !== undefined) return send(signal);
    return awaitIndex({ send, progress: (within) => this.storedIndex(digest, within) }, this.clock, signal);
  }

  private async sendIndex(
    digest: string,
    layers: readonly ClairLayer[],
    indexedAt: string | undefined,
    signal: AbortSignal,
  ): Promise<IndexOutcome> {
    const path = '/indexer/api/v1/index_report';
    const answer = await this.call('POST', path, {
      headers: ifNoneMatch(indexedAt),
      body: JSON.stringify({ hash: digest, layers }),
      timeoutMs: INDEX_MS,
      maxBytes: REPORT_BYTES,
      signal,
    });
    if (answer.status === 412 && indexedAt !== undefined) return { kind: 'indexed', state: indexedAt };
    if (answer.status === 400) return { kind: 'refused', reason: messageOf(answer) };
    if (answer.status !== 201) throw unexpected(path, answer);
    return readIndexReport(answer);
  }

  /** Returns what Clair has stored about an image that it was asked to index. */
  async storedIndex(digest: string, signal: AbortSignal): Promise<IndexProgress> {
    const path = `/indexer/api/v1/index_report/${digest}`;
    const answer = await this.call('GET', path, { maxBytes: REPORT_BYTES, signal });
    if (answer.status === 404) return 'unknown';
    if (answer.status !== 200) throw unexpected(path, answer);
    return readIndexProgress(answer);
  }

  /** Returns the vulnerability report of an image. */
  async report(digest: string, signal: AbortSignal): Promise<ReportOutcome> {
    const path = `/matcher/api/v1/vulnerability_report/${digest}`;
    const answer = await this.call('GET', path, { maxBytes: REPORT_BYTES, signal });
    if (answer.status === 202) return { kind: 'not-ready' };
    if (answer.status === 404) return { kind: 'not-indexed' };
    if (answer.status !== 200) throw unexpected(path, answer);
    return { kind: 'report', report: parseReport(answer.body) };
  }

  /** Deletes the index report of an image. An unknown image is not an error. */
  async forget(digest: string, signal: AbortSignal): Promise<void> {
    const path = `/indexer/api/v1/index_report/${digest}`;
    const answer = await this.call('DELETE', path, { signal });
    if (![200, 204, 404].includes(answer.status)) throw unexpected(path, answer);
  }

  /**
   * Returns a page of a notification, or undefined if the notification does not exist. `next` is
   * undefined for the first page.
   */
  async notification(id: string, next: string | undefined, signal: AbortSignal): Promise<NotificationPage | undefined> {
    const path = `/notifier/api/v1/notification/${id}`;
    const query = `?page_size=${NOTIFICATIONS_PER_PAGE}${next === undefined ? '' : `&next=${next}`}`;
    const answer = await this.call('GET', path + query, { maxBytes: REPORT_BYTES, signal });
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw unexpected(path, answer);
    return readNotificationPage(answer.body);
  }

  /** Deletes a notification after it was handled. */
  async forgetNotification(id: string, signal: AbortSignal): Promise<void> {
    const path = `/notifier/api/v1/notification/${id}`;
    const answer = await this.call('DELETE', path, { signal });
    if (![200, 204, 404].includes(answer.status)) throw unexpected(path, answer);
  }

  private async call(
    method: ClairRequest['method'],
    path: string,
    {
      headers = {},
      timeoutMs = CALL_MS,
      maxBytes = SMALL_BYTES,
      ...more
    }: Partial<ClairRequest> & { readonly signal: AbortSignal },
  ): Promise<ClairAnswer> {
    try {
      const authorization = await this.authorization();
      const answer = await this.http.send({
        ...more,
        method,
        path,
        headers: { ...headers, ...authorization },
        timeoutMs,
        maxBytes,
      });
      throwOnErrorStatus(path, answer);
      this.circuit.answered();
      return answer;
    } catch (error) {
      if (!(error instanceof ClairError)) throw error;
      // Indexing may exceed its limit because of the image. Any other call that does means that
      // Clair is unavailable.
      if (error.trouble === 'AWAY' || (error.trouble === 'SLOW' && timeoutMs !== INDEX_MS)) {
        this.circuit.away(error.message);
        throw error.trouble === 'AWAY' ? error : new ClairError('AWAY', error.message, { cause: error });
      }
      throw error;
    }
  }

  /**
   * Returns the header with a new token for each request: tokens are valid for minutes only, and
   * requests may be far apart.
   */
  private async authorization(): Promise<Readonly<Record<string, string>>> {
    const { psk, issuer } = this.config;
    if (psk === undefined) return {};
    const now = Math.floor(this.clock.now() / 1000);
    const token = await new SignJWT({})
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(issuer)
      .setIssuedAt(now)
      .setNotBefore(now - 10)
      .setExpirationTime(now + PSK_TOKEN_SECONDS)
      .sign(psk);
    return { authorization: `Bearer ${token}` };
  }
}

function throwOnErrorStatus(path: string, answer: ClairAnswer): void {
  const { status, headers } = answer;
  if (status === 401 || status === 403)
    throw new ClairError(
      'AWAY',
      `Clair refused the token (${status}). Check LAYOVER_CLAIR_PSK and LAYOVER_CLAIR_ISSUER.`,
    );
  if (status === 429) {
    const seconds = Number(headers['retry-after']);
    const retryAfterMs = seconds > 0 ? Math.min(seconds * 1000, LONGEST_BUSY_MS) : undefined;
    throw new ClairError('BUSY', 'Clair is overloaded (429).', retryAfterMs === undefined ? {} : { retryAfterMs });
  }
  if (status === 502 || status === 503 || status === 504)
    throw new ClairError('AWAY', `Clair is unavailable (${status}).`);
  if (status >= 500) throw new ClairError('BROKEN', `Clair failed (${status}): ${messageOf(answer)}`);
  if (status >= 300 && status < 400 && status !== 304)
    throw new ClairError(
      'AWAY',
      `Clair answered ${path} with a redirect (${status}), which is not followed. Check LAYOVER_CLAIR_URL.`,
    );
}

function unexpected(path: string, answer: ClairAnswer): ClairError {
  return new ClairError('BROKEN', `Clair answered ${path} with status ${answer.status}: ${messageOf(answer)}`);
}

/** Returns the message of an error from Clair, which has the form {code, message}. */
function messageOf({ body }: ClairAnswer): string {
  const text = body.toString('utf8', 0, 2000);
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return withoutLayerAddress(message).slice(0, 500);
  } catch {
    // A proxy in front of Clair may answer in another form.
  }
  return withoutLayerAddress(text).replace(/\s+/g, ' ').trim().slice(0, 200) || 'no reason given';
}

function ifNoneMatch(state: string | undefined): Readonly<Record<string, string>> {
  return state === undefined ? {} : { 'if-none-match': `"${state}"` };
}
