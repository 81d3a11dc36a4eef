import type { Setting } from '../configuration/declarations/setting';
import { checkSocketPath } from '../configuration/read-home';
import { SETTINGS } from '../configuration/settings';
import type { SettingsReader } from '../configuration/settings-reader';
import { formatGrpcAddress, type ListenAddress } from '../runtime/listen-address';
import type { PlaneName } from '../runtime/plane-name';
import { certificateName, hasName } from './plane-names';
import { readTlsVariables, type TlsSettings } from './tls-config';
import type { TlsFiles } from './tls-files';

/** How planes authenticate each other. Contains secrets: never logged. */
export interface PlaneSecurityConfig {
  /** The three LAYOVER_PLANE_TLS_* files; undefined means no TLS between planes. */
  readonly tls: Required<TlsFiles> | undefined;
  /** LAYOVER_PLANE_TLS_DOMAIN: the domain of the names in the certificates of planes. */
  readonly domain: string;
  /** LAYOVER_PLANE_SECRET; undefined means that no secret is required. */
  readonly secret: string | undefined;
  /** LAYOVER_PLANE_SECRET_PREVIOUS: accepted too, but never sent. */
  readonly previousSecrets: readonly string[];
}

/** Configuration without certificates and secret, for planes that use unix sockets only. */
export const PLAIN_PLANES: PlaneSecurityConfig = {
  tls: undefined,
  domain: 'layover.internal',
  secret: undefined,
  previousSecrets: [],
};

const PLANE_TLS: TlsSettings = {
  cert: SETTINGS.LAYOVER_PLANE_TLS_CERT,
  key: SETTINGS.LAYOVER_PLANE_TLS_KEY,
  ca: SETTINGS.LAYOVER_PLANE_TLS_CA,
};

/**
 * At least 32 characters, so that a secret cannot be guessed; only characters that are valid in a
 * header.
 */
const SECRET = /^[\x21-\x2b\x2d-\x7e]{32,256}$/;
const DOMAIN = /^(?=.{1,200}$)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const REMEDY =
  'Set LAYOVER_PLANE_TLS_CERT, LAYOVER_PLANE_TLS_KEY and LAYOVER_PLANE_TLS_CA on every plane, or, ' +
  'on a private network or a single machine, LAYOVER_PLANE_SECRET; or use a unix socket';

/** Addresses of a plane, and the setting that they come from. */
export interface PlaneAddresses {
  readonly setting: Setting;
  readonly addresses: readonly ListenAddress[];
}

/**
 * Reads how planes authenticate each other, for the plane `self`. `listens` are the addresses on
 * which it serves other planes, `reaches` those at which it calls them. TCP requires certificates
 * or a secret, on loopback addresses too: every user of a machine can connect to them. Adds
 * problems to the reader.
 */
export function readPlaneSecurity(
  reader: SettingsReader,
  self: PlaneName,
  listens: readonly PlaneAddresses[],
  reaches: readonly PlaneAddresses[],
): PlaneSecurityConfig {
  const domain = reader.parsed(SETTINGS.LAYOVER_PLANE_TLS_DOMAIN, (text) => (DOMAIN.test(text) ? text : undefined));
  const own = certificateName(self, domain);
  const { files, given } = readTlsVariables(reader, PLANE_TLS, ({ leaf }) =>
    hasName(leaf, own)
      ? undefined
      : `has no subject alternative name DNS:${own}, which the other planes expect of this plane`,
  );
  const config: PlaneSecurityConfig = {
    tls: files as Required<TlsFiles> | undefined,
    domain,
    secret: reader.parsed(SETTINGS.LAYOVER_PLANE_SECRET, parseSecret),
    previousSecrets: reader.parsed(SETTINGS.LAYOVER_PLANE_SECRET_PREVIOUS, parseSecrets) ?? [],
  };
  if (config.secret === undefined && config.previousSecrets.length > 0)
    reader.problem(SETTINGS.LAYOVER_PLANE_SECRET_PREVIOUS, 'requires LAYOVER_PLANE_SECRET, which is not set');
  const sockets = [...listens, ...reaches].flatMap(({ setting, addresses }) =>
    addresses.flatMap((address) => (address.kind === 'unix' ? [{ setting, path: address.path }] : [])),
  );
  for (const { setting, path } of sockets) checkSocketPath(reader, setting, path);
  // An invalid secret or certificate has already been reported.
  if (given || reader.isSet(SETTINGS.LAYOVER_PLANE_SECRET)) return config;
  for (const { setting, addresses } of listens) {
    const open = addresses.find(isTcp);
    if (open !== undefined)
      reader.problem(setting, `is ${formatGrpcAddress(open)}, which other machines or users can connect to. ${REMEDY}`);
  }
  for (const { setting, addresses } of reaches) {
    const open = addresses.find(isTcp);
    if (open !== undefined)
      reader.problem(
        setting,
        `contains ${formatGrpcAddress(open)}, where another machine or user may listen. ${REMEDY}`,
      );
  }
  return config;
}

function isTcp({ kind }: ListenAddress): boolean {
  return kind === 'tcp';
}

function parseSecret(text: string): string | undefined {
  return SECRET.test(text) ? text : undefined;
}

function parseSecrets(text: string): readonly string[] | undefined {
  const secrets = text.split(',').map((part) => parseSecret(part.trim()));
  return secrets.every((one) => one !== undefined) ? secrets : undefined;
}
