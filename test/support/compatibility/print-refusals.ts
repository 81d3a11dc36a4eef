import { CLIENTS } from './clients';
import { printTable } from './print-table';
import { canSee, REFUSAL_KINDS, type RefusalKind, REFUSED_CLIENTS } from './refusals';
import { SEEN_REFUSALS } from './seen-refusals';

/** Returns the section of docs/compatibility.md about the messages that users of clients see. */
export function printRefusals(): string {
  const kinds = Object.keys(REFUSAL_KINDS) as readonly RefusalKind[];
  return [
    '## What users see when a pull is refused',
    '',
    'What each client writes to its standard error (for Docker, what the engine answers to `docker`), on',
    'one line. `layover.example` is Layover, `upstream.example` is the upstream, and `…` stands for what',
    'differs each time. Some clients leave out the reason: containerd, oras and helm for 404, containerd',
    'for 401, podman for a refused login, regctl for 401 and 429, and cosign for 502. The audit log has',
    'the reason of every refusal.',
    '',
    ...kinds.flatMap((kind) => [`### ${REFUSAL_KINDS[kind]}`, '', printKind(kind), '']),
  ].join('\n');
}

function printKind(kind: RefusalKind): string {
  return printTable(
    ['Client', 'Message'],
    REFUSED_CLIENTS.filter((client) => canSee(client, kind)).map((client) => [
      CLIENTS[client].name,
      `\`${SEEN_REFUSALS[client][kind]}\``,
    ]),
  );
}
