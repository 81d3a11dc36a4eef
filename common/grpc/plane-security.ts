import { X509Certificate } from 'node:crypto';
import { type ChannelCredentials, credentials, experimental, ServerCredentials } from '@grpc/grpc-js';
import type { Clock } from '../runtime/clock';
import { formatGrpcAddress, type ListenAddress, staysOnMachine } from '../runtime/listen-address';
import type { Logger } from '../runtime/logger';
import type { PlaneName } from '../runtime/plane-name';
import { certificateName, hasName } from '../security/plane-names';
import type { PlaneSecurityConfig } from '../security/plane-security-config';
import { TlsWatch } from '../security/tls-watch';
import { PlaneChannelCredentials, secretCallCredentials } from './plane-credentials';
import { createPlaneGuard } from './plane-guard';
import { TlsProvider } from './tls-provider';

/** What every gRPC server and client between planes is made with. Whoever opens it closes it, after them. */
export interface PlaneSecurity {
  /** For a server that listens there. Throws an Error for an address that must not be served plainly. */
  toServe(listen: ListenAddress): ServerCredentials;
  /** For a channel to a plane at an address. Throws an Error for an address that must not be reached plainly. */
  toReach(plane: PlaneName, address: ListenAddress): ChannelCredentials;
  /** Follows the files of certificates no more. */
  close(): void;
}

/**
 * Mutual TLS on TCP where there are certificates, the secret on every call where there is one, and nothing on unix sockets and loopback addresses where there is neither.
 * Both may be on. Throws a TlsFilesError where the files have become unusable since they were checked.
 */
export function openPlaneSecurity(config: PlaneSecurityConfig, clock: Clock, logger: Logger): PlaneSecurity {
  const { domain, secret, previousSecrets } = config;
  const watch = config.tls === undefined ? undefined : new TlsWatch({ files: config.tls, clock, logger });
  const provider = watch && new TlsProvider(watch);
  const callCredentials = secret === undefined ? undefined : secretCallCredentials(secret);
  const secrets = secret === undefined ? undefined : [secret, ...previousSecrets];

  function providerFor(address: ListenAddress): TlsProvider | undefined {
    if (provider === undefined && secret === undefined && !staysOnMachine(address))
      throw new Error(`${formatGrpcAddress(address)} needs certificates or a secret between the planes`);
    return address.kind === 'tcp' ? provider : undefined;
  }

  return {
    toServe(listen) {
      const tls = providerFor(listen);
      const plain =
        tls === undefined
          ? ServerCredentials.createInsecure()
          : experimental.createCertificateProviderServerCredentials(tls, tls, true);
      if (tls === undefined && secrets === undefined) return plain;
      const guard = createPlaneGuard({ domain: tls && domain, secrets, clock, logger });
      return experimental.createServerCredentialsWithInterceptors(plain, [guard]);
    },
    toReach(plane, address) {
      const tls = providerFor(address);
      if (tls === undefined && callCredentials === undefined) return credentials.createInsecure();
      const inner =
        tls === undefined
          ? credentials.createInsecure()
          : experimental.createCertificateProviderChannelCredentials(tls, tls, { checkServerIdentity: checkName });
      return new PlaneChannelCredentials(inner, tls && certificateName(plane, domain), callCredentials);
    },
    close: () => watch?.stop(),
  };
}

/** `name` is that of the plane which is meant, whatever its address. */
function checkName(name: string, certificate: { readonly raw: Buffer }): Error | undefined {
  return hasName(new X509Certificate(certificate.raw), name)
    ? undefined
    : new Error(`the certificate of the other side has no subject alternative name DNS:${name}`);
}
