import type { ClientName } from './clients';

/** The kinds of refusals that the suite `client-refusals` causes with every client. */
export const REFUSAL_KINDS = {
  'missing-tag': 'The tag does not exist',
  'missing-repository': 'The repository does not exist',
  'no-login': 'The organization is private, and the user is not logged in',
  'wrong-secret': 'The secret of the robot account is wrong',
  'unknown-organization': 'The organization does not exist',
  denied: 'The organization denies the repository',
  vulnerable: 'The scan policy blocks the image',
  quota: 'The quota does not admit the image',
  'switched-off': 'The organization is switched off',
  unreachable: 'The upstream is unreachable, and the image is not cached',
  limited: 'The upstream limits the rate of requests, and the image is not cached',
} as const;

/** The name of a kind of refusal. */
export type RefusalKind = keyof typeof REFUSAL_KINDS;

/** The clients whose messages are recorded. */
export const REFUSED_CLIENTS = [
  'podman',
  'skopeo',
  'containerd',
  'containerd2',
  'docker',
  'crane',
  'oras',
  'regctl',
  'helm',
  'cosign',
] as const satisfies readonly ClientName[];

/** The name of a client whose messages are recorded. */
export type RefusedClient = (typeof REFUSED_CLIENTS)[number];

/** Returns whether a kind of refusal exists for a client. Charts are not scanned. */
export function canSee(client: RefusedClient, kind: RefusalKind): boolean {
  return client !== 'helm' || kind !== 'vulnerable';
}

/**
 * Returns what a program wrote to its standard error as one line, without what differs between two
 * runs, and without the lines that come before the reason: repetitions, and remarks about options.
 * `layover` is the host of Layover in references.
 */
export function normalizeMessage(text: string, layover: string): string {
  return text
    .split('\n')
    .filter((line) => !/^WARNING|level=(?:info|warning|WARN)|^\S+ \S+ retrying /.test(line))
    .join(' ')
    .replaceAll(layover, 'layover.example')
    .replace(/127\.0\.0\.1:\d+/g, 'upstream.example')
    .replace(/sha256:[0-9a-f]{12,64}/g, 'sha256:…')
    .replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '…')
    .replace(/time="?[-\d]+T[\d:.]+Z"?/g, 'time=…')
    .replace(/\d+( bytes| seconds)/g, '…$1')
    .replace(/(neededBytes"?:)\d+/g, '$1…')
    .replace(/; it was asked less than … seconds ago/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
