import { CallCredentials, ChannelCredentials, type ChannelOptions, type experimental, Metadata } from '@grpc/grpc-js';
import { SECRET_METADATA } from './plane-guard';

/** Credentials that put the planes' secret into the metadata of every call. */
export function secretCallCredentials(secret: string): CallCredentials {
  return CallCredentials.createFromMetadataGenerator((_call, done) => {
    const metadata = new Metadata();
    metadata.set(SECRET_METADATA, secret);
    done(null, metadata);
  });
}

type SecureConnector = experimental.SecureConnector;

/**
 * Credentials of a channel with what grpc-js lacks for planes: call credentials over a plain connection too (its own composing refuses that), and a name of the other
 * side that does not depend on its address. On the channel, not on a client: every client of a channel then has them.
 */
export class PlaneChannelCredentials extends ChannelCredentials {
  constructor(
    private readonly inner: ChannelCredentials,
    /** Name of the other side in its certificate; undefined = no TLS. */
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
    return this.inner._createSecureConnector(
      target,
      this.serverName === undefined ? options : { ...options, 'grpc.ssl_target_name_override': this.serverName },
      own === undefined ? callCredentials : own.compose(callCredentials),
    );
  }
}
