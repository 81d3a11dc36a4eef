import { CallCredentials, ChannelCredentials, type ChannelOptions, type experimental, Metadata } from '@grpc/grpc-js';
import { boundedConnector } from './plane-connector';
import { SECRET_METADATA } from './plane-guard';

/**
 * Creates call credentials that add the shared secret of the planes to the metadata of every call.
 */
export function secretCallCredentials(secret: string): CallCredentials {
  return CallCredentials.createFromMetadataGenerator((_call, done) => {
    const metadata = new Metadata();
    metadata.set(SECRET_METADATA, secret);
    done(null, metadata);
  });
}

type SecureConnector = experimental.SecureConnector;

/**
 * Channel credentials with three features that grpc-js lacks: call credentials on a connection
 * without TLS (grpc-js refuses to compose those), a server name that does not depend on the
 * address, and a time limit for establishing a connection. They belong to the channel, so that
 * every client of the channel has them.
 */
export class PlaneChannelCredentials extends ChannelCredentials {
  constructor(
    private readonly inner: ChannelCredentials,
    /** Name of the server in its certificate; undefined if the connection does not use TLS. */
    private readonly serverName: string | undefined,
    private readonly callCredentials: CallCredentials | undefined,
  ) {
    super();
  }

  override _isSecure(): boolean {
    return this.inner._isSecure();
  }

  override _equals(other: ChannelCredentials): boolean {
    return this === other;
  }

  override _createSecureConnector(
    target: Parameters<ChannelCredentials['_createSecureConnector']>[0],
    options: ChannelOptions,
    callCredentials: CallCredentials = CallCredentials.createEmpty(),
  ): SecureConnector {
    const own = this.callCredentials;
    return boundedConnector(
      this.inner._createSecureConnector(
        target,
        this.serverName === undefined ? options : { ...options, 'grpc.ssl_target_name_override': this.serverName },
        own === undefined ? callCredentials : own.compose(callCredentials),
      ),
    );
  }
}
