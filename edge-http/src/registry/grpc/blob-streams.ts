import { type ClientReadableStream, credentials, status } from '@grpc/grpc-js';
import type { loadNode } from '../../../../common/grpc/load-proto';
import type { Patience } from '../../../../common/grpc/plane-channel';
import type { NodeClient } from '../../../../proto/gen/layover/v1/Node';
import type { ReadBlobReply__Output } from '../../../../proto/gen/layover/v1/ReadBlobReply';
import type { ReadBlobRequest } from '../../../../proto/gen/layover/v1/ReadBlobRequest';
import type { RegistryClient } from '../../../../proto/gen/layover/v1/Registry';
import type { SilenceWatch } from './read-stream';

/** A read on the connection that carries it. */
export interface StartedRead {
  readonly call: ClientReadableStream<ReadBlobReply__Output>;
  /** Tells whether the connection is silent. */
  readonly silence: SilenceWatch;
}

/** Dependencies of {@link BlobStreams}. */
export interface BlobStreamsParts {
  /** Creates a client with a connection of its own. */
  readonly connect: () => RegistryClient;
  readonly NodeClient: ReturnType<typeof loadNode>;
  /** When a read asks whether its connection is silent, and how long an answer may take. */
  readonly patience: Patience;
}

/**
 * The connection for the blobs of one data plane. A read that waits asks the data plane over the
 * same connection whether it is there. If nothing comes back, the connection carries nothing any
 * more although it is open: further reads get another connection, and those that wait fail.
 * Keepalive needs longer for that, because its pings may wait behind the bytes of blobs.
 */
export class BlobStreams {
  private current: BlobConnection;
  private isClosed = false;

  constructor(private readonly parts: BlobStreamsParts) {
    this.current = this.open();
  }

  /** The client with the present connection. */
  get client(): RegistryClient {
    return this.current.client;
  }

  /** Starts a read. */
  readBlob(request: ReadBlobRequest): StartedRead {
    const { client } = this.current;
    return { call: client.readBlob(request), silence: this.current };
  }

  /** Resolves when the connection is established, at the latest after `withinMs`. */
  whenReady(withinMs: number): Promise<void> {
    // The system time, because grpc-js enforces the deadline.
    return new Promise((resolve) => this.client.waitForReady(Date.now() + withinMs, () => resolve()));
  }

  /** Starts no reads any more. Running ones continue. */
  close(): void {
    this.isClosed = true;
    this.client.close();
  }

  private open(): BlobConnection {
    const { connect, NodeClient, patience } = this.parts;
    const connection: BlobConnection = new BlobConnection(connect(), NodeClient, patience, () => {
      if (this.isClosed || this.current !== connection) return;
      this.current = this.open();
      connection.client.close();
    });
    return connection;
  }
}

/** One connection, and whether anything comes over it. */
class BlobConnection implements SilenceWatch {
  readonly afterMs: number;
  private readonly node: NodeClient;
  /** Number of messages that arrived. */
  private messages = 0;
  private asking: Promise<boolean> | undefined;

  constructor(
    readonly client: RegistryClient,
    NodeClient: ReturnType<typeof loadNode>,
    private readonly patience: Patience,
    private readonly onSilent: () => void,
  ) {
    this.afterMs = patience.pingAfterMs;
    const channel = client.getChannel();
    this.node = new NodeClient(channel.getTarget(), credentials.createInsecure(), { channelOverride: channel });
  }

  heard(): void {
    this.messages += 1;
  }

  isSilent(): Promise<boolean> {
    return (this.asking ??= this.ask().finally(() => (this.asking = undefined)));
  }

  private ask(): Promise<boolean> {
    const before = this.messages;
    return new Promise((resolve) => {
      // The system time, because grpc-js enforces the deadline.
      const deadline = Date.now() + this.patience.answerWithinMs;
      try {
        this.node.identify({}, { deadline }, (error) => {
          // The answer may wait behind bytes of blobs. If the connection was lost, its reads fail.
          const isSilent = error?.code === status.DEADLINE_EXCEEDED && this.messages === before;
          if (isSilent) this.onSilent();
          resolve(isSilent);
        });
      } catch {
        // grpc-js throws if the connection was closed meanwhile. Its reads fail then.
        resolve(false);
      }
    });
  }
}
