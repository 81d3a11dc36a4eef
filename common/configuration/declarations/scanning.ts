import { declareSettings, type SettingGroup } from './setting';
import { BASE_URL } from './formats';
import { CONTROL_PLANE } from './programs';

const settings = declareSettings({
  LAYOVER_CLAIR_URL: {
    kind: 'text',
    readBy: CONTROL_PLANE,
    format: BASE_URL,
    description:
      'Address of Clair v4: its indexer, matcher and notifier behind one address. Redirects are not followed.',
    example: 'http://clair.internal:6060',
  },
  LAYOVER_CLAIR_PSK: {
    kind: 'text',
    readBy: CONTROL_PLANE,
    format: 'at least 16 bytes in base64',
    secret: true,
    description: "Pre-shared key of Clair's `auth.psk`. Without it, requests to Clair carry no token.",
  },
  LAYOVER_CLAIR_ISSUER: {
    kind: 'text',
    readBy: CONTROL_PLANE,
    format: 'a text',
    default: 'layover',
    description: "Issuer of the tokens for Clair. It must be listed in Clair's `auth.psk.iss`.",
  },
  LAYOVER_CLAIR_WEBHOOK_TOKEN: {
    kind: 'text',
    readBy: CONTROL_PLANE,
    format: '16 to 256 visible ASCII characters without spaces',
    secret: true,
    description:
      "Bearer token that Clair's notifier sends to `/clair/notifications` of the control plane. " +
      'Without it, that path does not exist.',
    example: '$(openssl rand -hex 24)',
  },
  LAYOVER_SCAN_EDGE_URL: {
    kind: 'text',
    readBy: CONTROL_PLANE,
    format: BASE_URL,
    defaultText: 'LAYOVER_PUBLIC_URL, otherwise derived from LAYOVER_EDGE_LISTEN',
    description: 'Address of an edge that Clair fetches layers from. Required if the edge listens on a unix socket.',
    example: 'http://edge.internal:8080',
  },
  LAYOVER_SCAN_CONCURRENCY: {
    kind: 'integer',
    readBy: CONTROL_PLANE,
    min: 1,
    max: 64,
    default: 4,
    description: 'Maximum number of images that one control plane has indexed at the same time.',
  },
  LAYOVER_SCAN_REFRESH_SECONDS: {
    kind: 'integer',
    readBy: CONTROL_PLANE,
    min: 60,
    max: 30 * 86_400,
    default: 21_600,
    unit: 'seconds',
    description: 'Age at which a vulnerability report is read again, plus or minus a tenth.',
  },
  LAYOVER_SCAN_MAX_ATTEMPTS: {
    kind: 'integer',
    readBy: CONTROL_PLANE,
    min: 1,
    max: 100,
    default: 5,
    description: 'Maximum number of attempts to scan an image before its scan stays `FAILED`.',
  },
  LAYOVER_SCAN_LAYER_TOKEN_SECONDS: {
    kind: 'integer',
    readBy: CONTROL_PLANE,
    min: 900,
    // At most six days: a retired signing key of pull tokens is accepted for a week (ADR 9).
    max: 6 * 86_400,
    default: 86_400,
    unit: 'seconds',
    description: 'How long Clair may take, from the request to index an image, until it has fetched the layers.',
  },
});

/** Settings of scanning. */
export const SCANNING = {
  title: 'Scan images with Clair',
  introduction: ['Images are scanned only if `LAYOVER_CLAIR_URL` is set: see [scanning.md](scanning.md).'],
  settings,
} satisfies SettingGroup;
