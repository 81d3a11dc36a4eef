import type { OnReadOpts, Server, Socket } from 'node:net';
import { type ChannelCredentials, credentials, experimental, ServerCredentials } from '@grpc/grpc-js';
import type { Clock } from '../runtime/clock';
import { formatGrpcAddress, type ListenAddress } from '../runtime/listen-address';
import type { Logger } from '../runtime/logger';
import type { PlaneName } from '../runtime/plane-name';
import { requireOwnFolder } from '../runtime/unix-socket';
import { certificateName, checkPlaneName } from '../security/plane-names';
import type { PlaneSecurityConfig } from '../security/plane-security-config';
import { connectToPlane, createPlaneServer } from '../security/plane-sockets';
import { TlsWatch } from '../security/tls-watch';
import { PlaneChannelCredentials, secretCallCredentials } from './plane-credentials';
import { createPlaneGuard } from './plane-guard';
import { TlsProvider } from './tls-provider';

/** Protects the connections between planes. The owner closes it after them. */
export interface PlaneSecurity {
  /**
   * Returns credentials for a server on this address. Throws an Error if the address requires
   * certificates or a secret and none are configured. The server itself checks the folder of a
   * socket (preparePlaneSocket), because the folder may not exist yet.
   */
  toServe(listen: ListenAddress): ServerCredentials;
  /**
   * Returns credentials for a channel to a plane. Throws an Error under the same condition, and a
   * ConfigurationError if another user could put a socket in the place of the plane's.
   */
  toReach(plane: PlaneName, address: ListenAddress): ChannelCredentials;
  /**
   * Throws the error that {@link PlaneSecurity.toReach} would throw for one of the addresses. For
   * addresses that are connected to later, so that the start fails.
   */
  check(addresses: readonly ListenAddress[]): void;
  /** Connections without gRPC. */
  readonly sockets: PlaneSockets;
  /** Stops watching the certificate files. */
  close(): void;
}

/**
 * Connections between planes without gRPC, protected like its channels: with mutual TLS over TCP,
 * if certificates are configured. The secret is not sent over them.
 */
export interface PlaneSockets {
  /**
   * Creates a server for connections of one kind of plane at this address, without listening. See
   * createPlaneServer. Throws an Error under the condition of {@link PlaneSecurity.toServe}.
   */
  serve(listen: ListenAddress, caller: PlaneName, onConnection: (socket: Socket) => void): Server;
  /**
   * Connects to a plane. See connectToPlane. Throws under the condition of {@link
   * PlaneSecurity.toReach}.
   */
  reach(plane: PlaneName, address: ListenAddress, onread: OnReadOpts): Socket;
  /**
   * Secrets by which planes prove who they are over these connections: the one of this plane first,
   * then those that are accepted too. A single empty text if none is configured.
   */
  readonly secrets: readonly [string, ...string[]];
}

/**
 * Creates the credentials of a plane. TCP uses mutual TLS if certificates are configured. Every
 * call carries the secret if one is configured. Only unix sockets need neither, because their
 * folder belongs to this user. Both can be combined. Throws a TlsFilesError if the files became
 * unusable after they were checked.
 */
export function openPlaneSecurity(config: PlaneSecurityConfig, clock: Clock, logger: Logger): PlaneSecurity {
  const { domain, secret, previousSecrets } = config;
  const watch = config.tls === undefined ? undefined : new TlsWatch({ files: config.tls, clock, logger });
  const provider = watch && new TlsProvider(watch);
  const callCredentials = secret === undefined ? undefined : secretCallCredentials(secret);
  const secrets = secret === undefined ? undefined : [secret, ...previousSecrets];

  function providerFor(address: ListenAddress): TlsProvider | undefined {
    if (provider === undefined && secret === undefined && address.kind === 'tcp')
      throw new Error(
        `Others can connect to ${formatGrpcAddress(address)}: configure certificates or a secret for the planes.`,
      );
    return address.kind === 'tcp' ? provider : undefined;
  }

  function providerToReach(address: ListenAddress): TlsProvider | undefined {
    if (address.kind === 'unix') requireOwnFolder(address.path);
    return providerFor(address);
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
      const tls = providerToReach(address);
      const inner =
        tls === undefined
          ? credentials.createInsecure()
          : experimental.createCertificateProviderChannelCredentials(tls, tls, { checkServerIdentity: checkPlaneName });
      return new PlaneChannelCredentials(inner, tls && certificateName(plane, domain), callCredentials);
    },
    check: (addresses) => addresses.forEach(providerToReach),
    sockets: {
      serve: (listen, caller, onConnection) =>
        createPlaneServer(providerFor(listen) && { watch: watch!, domain }, caller, onConnection),
      reach: (plane, address, onread) =>
        connectToPlane(providerToReach(address) && { watch: watch!, domain }, plane, address, onread),
      secrets: secret === undefined ? [''] : [secret, ...previousSecrets],
    },
    close: () => watch?.stop(),
  };
}
