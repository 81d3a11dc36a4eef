import { SETTINGS } from '../../common/configuration/settings';
import type { SettingsReader } from '../../common/configuration/settings-reader';
import { type ListenAddress, parseListenAddress } from '../../common/runtime/listen-address';
import type { ScanConfig } from './scan/clair/scan-config';

/** Minimum size of a pre-shared key in bytes. Shorter keys can be guessed. */
const MIN_SECRET = 16;
const WEBHOOK_TOKEN = /^[\x21-\x7e]{16,256}$/;

/**
 * Reads the settings of scanning. Returns undefined without LAYOVER_CLAIR_URL; then nothing is
 * scanned.
 */
export function readScanConfig(reader: SettingsReader): ScanConfig | undefined {
  const clairUrl = reader.parsed(SETTINGS.LAYOVER_CLAIR_URL, parseBaseUrl);
  const edgeUrl =
    reader.parsed(SETTINGS.LAYOVER_SCAN_EDGE_URL, parseBaseUrl) ??
    reader.parsed(SETTINGS.LAYOVER_PUBLIC_URL, parseBaseUrl) ??
    localEdgeUrl(reader);
  const config = {
    psk: reader.parsed(SETTINGS.LAYOVER_CLAIR_PSK, parsePsk),
    issuer: reader.text(SETTINGS.LAYOVER_CLAIR_ISSUER),
    concurrency: reader.integer(SETTINGS.LAYOVER_SCAN_CONCURRENCY),
    refreshMs: reader.integer(SETTINGS.LAYOVER_SCAN_REFRESH_SECONDS) * 1000,
    maxAttempts: reader.integer(SETTINGS.LAYOVER_SCAN_MAX_ATTEMPTS),
    layerTokenSeconds: reader.integer(SETTINGS.LAYOVER_SCAN_LAYER_TOKEN_SECONDS),
    webhookToken: reader.parsed(SETTINGS.LAYOVER_CLAIR_WEBHOOK_TOKEN, (text) =>
      WEBHOOK_TOKEN.test(text) ? text : undefined,
    ),
  };
  if (clairUrl === undefined) return undefined;
  if (edgeUrl === undefined) {
    reader.problem(
      SETTINGS.LAYOVER_SCAN_EDGE_URL,
      'must be set: LAYOVER_CLAIR_URL is set, and Clair cannot reach an edge that listens on a unix socket',
    );
    return undefined;
  }
  return { ...config, clairUrl, edgeUrl };
}

/**
 * Returns the address of an edge with the same environment, or undefined if Clair cannot reach it
 * there.
 */
function localEdgeUrl(reader: SettingsReader): string | undefined {
  // The edge itself reports an invalid address.
  const listen = parseListenAddress(reader.text(SETTINGS.LAYOVER_EDGE_LISTEN));
  if (listen === undefined || listen.kind === 'unix') return undefined;
  const scheme = reader.isSet(SETTINGS.LAYOVER_EDGE_TLS_CERT) ? 'https' : 'http';
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
