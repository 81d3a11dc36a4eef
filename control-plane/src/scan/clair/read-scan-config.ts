import type { EnvReader } from '../../../../common/runtime/env';
import { type ListenAddress, parseListenAddress } from '../../../../common/runtime/listen-address';

/** How images are scanned. Holds secrets: never logged whole. */
export interface ScanConfig {
  /** LAYOVER_CLAIR_URL, without a slash at the end. */
  readonly clairUrl: string;
  /** LAYOVER_CLAIR_PSK, decoded; undefined = Clair asks for none. */
  readonly psk: Buffer | undefined;
  /** The `iss` of the tokens that Clair is shown. */
  readonly issuer: string;
  /** Where Clair reaches an edge, without a slash at the end. */
  readonly edgeUrl: string;
  /** Images that one control plane has indexed at the same time. */
  readonly concurrency: number;
  /** How old a vulnerability report may get, in milliseconds. */
  readonly refreshMs: number;
  /** Tries at indexing an image under one index_state of Clair. */
  readonly maxAttempts: number;
  /** How long Clair may take to fetch the layers of an image, from when it is asked, in seconds. */
  readonly layerTokenSeconds: number;
  /** What Clair's notifier shows the webhook; undefined = there is no webhook. */
  readonly webhookToken: string | undefined;
}

/** Fewest bytes of a pre-shared key, and characters of a webhook token: short ones can be guessed. */
const MIN_SECRET = 16;
const WEBHOOK_TOKEN = /^[\x21-\x7e]{16,256}$/;
/** Six days: a retired key of pull tokens verifies for a week (ADR 9), and signs nothing any more by then. */
const MAX_LAYER_TOKEN_SECONDS = 6 * 86_400;

/** Reads the variables of scanning; undefined without LAYOVER_CLAIR_URL: then nothing is scanned. */
export function readScanConfig(reader: EnvReader): ScanConfig | undefined {
  const url = (name: string): string | undefined =>
    reader.parsed<string | undefined>(
      name,
      undefined,
      parseBaseUrl,
      'an http or https URL without user, query or fragment',
    );
  const clairUrl = url('LAYOVER_CLAIR_URL');
  const edgeUrl = url('LAYOVER_SCAN_EDGE_URL') ?? url('LAYOVER_PUBLIC_URL') ?? localEdgeUrl(reader);
  const config = {
    psk: reader.parsed<Buffer | undefined>(
      'LAYOVER_CLAIR_PSK',
      undefined,
      parsePsk,
      `at least ${MIN_SECRET} bytes in base64`,
      true,
    ),
    issuer: reader.text('LAYOVER_CLAIR_ISSUER') ?? 'layover',
    concurrency: reader.integer('LAYOVER_SCAN_CONCURRENCY', 4, 1, 64),
    refreshMs: reader.integer('LAYOVER_SCAN_REFRESH_SECONDS', 21_600, 60, 30 * 86_400) * 1000,
    maxAttempts: reader.integer('LAYOVER_SCAN_MAX_ATTEMPTS', 5, 1, 100),
    layerTokenSeconds: reader.integer('LAYOVER_SCAN_LAYER_TOKEN_SECONDS', 86_400, 900, MAX_LAYER_TOKEN_SECONDS),
    webhookToken: reader.parsed<string | undefined>(
      'LAYOVER_CLAIR_WEBHOOK_TOKEN',
      undefined,
      (text) => (WEBHOOK_TOKEN.test(text) ? text : undefined),
      '16 to 256 visible ASCII characters without spaces',
      true,
    ),
  };
  if (clairUrl === undefined) return undefined;
  if (edgeUrl === undefined) {
    reader.problem('LAYOVER_SCAN_EDGE_URL', 'is needed with LAYOVER_CLAIR_URL where the edge listens on a unix socket');
    return undefined;
  }
  return { ...config, clairUrl, edgeUrl };
}

/** Where an edge of the same environment listens; undefined = Clair can't reach that. A bad address is the edge's to tell. */
function localEdgeUrl(reader: EnvReader): string | undefined {
  const listen = parseListenAddress(reader.text('LAYOVER_EDGE_LISTEN') ?? '127.0.0.1:8080');
  if (listen === undefined || listen.kind === 'unix') return undefined;
  const scheme = reader.text('LAYOVER_EDGE_TLS_CERT') === undefined ? 'http' : 'https';
  return `${scheme}://${reachable(listen)}:${listen.port}`;
}

function reachable({ host }: Extract<ListenAddress, { kind: 'tcp' }>): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}

function parseBaseUrl(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  const plain = url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!plain || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  return url.href.replace(/\/+$/, '');
}

function parsePsk(text: string): Buffer | undefined {
  const key = Buffer.from(text, 'base64');
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) && key.length >= MIN_SECRET ? key : undefined;
}
