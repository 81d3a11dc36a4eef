import type { EnvReader } from '../runtime/env';
import { formatGrpcAddress, type ListenAddress, staysOnMachine } from '../runtime/listen-address';
import { certificateName, hasName, type PlaneName } from './plane-names';
import { readTlsVariables } from './tls-config';
import type { TlsFiles } from './tls-files';

/** How planes know each other. Holds secrets: never logged. */
export interface PlaneSecurityConfig {
  /** LAYOVER_PLANE_TLS_CERT, _KEY and _CA; undefined = no TLS between planes. */
  readonly tls: Required<TlsFiles> | undefined;
  /** LAYOVER_PLANE_TLS_DOMAIN: what follows the planes' names in their certificates. */
  readonly domain: string;
  /** LAYOVER_PLANE_SECRET; undefined = none is asked for. */
  readonly secret: string | undefined;
  /** LAYOVER_PLANE_SECRET_PREVIOUS: taken as well, never sent. */
  readonly previousSecrets: readonly string[];
}

/** Planes that trust their sockets: everything stays on one machine. */
export const PLAIN_PLANES: PlaneSecurityConfig = {
  tls: undefined,
  domain: 'layover.internal',
  secret: undefined,
  previousSecrets: [],
};

/** Long enough not to be guessed, and fit for a header. */
const SECRET = /^[\x21-\x2b\x2d-\x7e]{32,256}$/;
const SECRET_FORM = 'characters: visible ASCII without spaces and commas';
const DOMAIN = /^(?=.{1,200}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const REMEDY =
  'set LAYOVER_PLANE_TLS_CERT, LAYOVER_PLANE_TLS_KEY and LAYOVER_PLANE_TLS_CA, or, on a private network, LAYOVER_PLANE_SECRET, on every plane';

/**
 * Reads how planes know each other, for the plane `self`. `listens` and `reaches` are its addresses by the variable that has them: one that leaves this machine
 * needs certificates or a secret. Problems are added to the reader.
 */
export function readPlaneSecurity(
  reader: EnvReader,
  self: PlaneName,
  listens: Readonly<Record<string, ListenAddress>>,
  reaches: Readonly<Record<string, readonly ListenAddress[]>>,
): PlaneSecurityConfig {
  const domain = reader.parsed(
    'LAYOVER_PLANE_TLS_DOMAIN',
    PLAIN_PLANES.domain,
    (text) => (DOMAIN.test(text) ? text : undefined),
    'a domain name in lower case',
  );
  const own = certificateName(self, domain);
  const { files, given } = readTlsVariables(reader, 'LAYOVER_PLANE_TLS', true, ({ leaf }) =>
    hasName(leaf, own) ? undefined : `has no subject alternative name DNS:${own}, which this plane is known by`,
  );
  const config: PlaneSecurityConfig = {
    tls: files as Required<TlsFiles> | undefined,
    domain,
    secret: reader.parsed<string | undefined>(
      'LAYOVER_PLANE_SECRET',
      undefined,
      parseSecret,
      `32 to 256 ${SECRET_FORM}`,
      true,
    ),
    previousSecrets: reader.parsed(
      'LAYOVER_PLANE_SECRET_PREVIOUS',
      [],
      parseSecrets,
      `secrets separated by commas, each of 32 to 256 ${SECRET_FORM}`,
      true,
    ),
  };
  if (config.secret === undefined && config.previousSecrets.length > 0)
    reader.problem('LAYOVER_PLANE_SECRET_PREVIOUS', 'is of no use without LAYOVER_PLANE_SECRET');
  // What was tried in vain is said once, by its own name.
  if (given || reader.text('LAYOVER_PLANE_SECRET') !== undefined) return config;
  for (const [variable, address] of Object.entries(listens)) {
    if (!staysOnMachine(address))
      reader.problem(
        variable,
        `is ${formatGrpcAddress(address)}, where other machines may connect: ${REMEDY}; or listen on a unix: socket or on 127.0.0.1`,
      );
  }
  for (const [variable, addresses] of Object.entries(reaches)) {
    const away = addresses.find((address) => !staysOnMachine(address));
    if (away !== undefined)
      reader.problem(variable, `has ${formatGrpcAddress(away)}, which is reached over a network: ${REMEDY}`);
  }
  return config;
}

function parseSecret(text: string): string | undefined {
  return SECRET.test(text) ? text : undefined;
}

function parseSecrets(text: string): readonly string[] | undefined {
  const secrets = text.split(',').map((part) => parseSecret(part.trim()));
  return secrets.every((one) => one !== undefined) ? secrets : undefined;
}
