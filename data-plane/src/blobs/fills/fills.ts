import type { Digest } from '../../../../common/oci/digest';
import type { Absence } from '../../store/guard/absence';
import type { UpstreamBlobStream } from '../../upstream/upstream-registry';

/** Who wants a blob to be filled, and where its bytes come from. */
export interface FillRequest {
  readonly digest: Digest;
  /** From the manifest, where one names the blob; a body of another size is refused. */
  readonly expectedSize: number | undefined;
  /** Bounds and fairness are per upstream: host, as in the configuration. */
  readonly upstream: string;
  /** Uid of the organization. Waiting fills of one upstream take turns between organizations. */
  readonly owner: string;
  /** The organization's repository; the blob is in use for it until the fill is over. */
  readonly repository: string;
  /** The store's answer, if it was asked; without it, or once it no longer holds, the fill asks. */
  readonly absence?: Absence | undefined;
  /** A client waits, or an image is being completed in the background. A client that joins lifts a waiting fill. */
  readonly priority: 'client' | 'background';
  /** Asks upstream with the requester's own credentials; called again, with the offset reached, to resume. */
  readonly source: (offset: number, signal: AbortSignal) => Promise<UpstreamBlobStream>;
  /** Told of bytes as they arrive from upstream (statistics). */
  readonly onFetched?: (bytes: number) => void;
}

/**
 * A follower of a fill, or of the stored blob that it became. Reads by offset, at its own pace.
 * Whoever opened it closes it, however the read ends; closing never stops the fill.
 */
export interface FillReader {
  /** `store`: somebody kept the blob in the meantime, and nothing was asked of upstream; it is to be read from the store. */
  readonly origin: 'fill' | 'store';
  /** False if the fill was begun for this request, true if it was running already. */
  readonly joined: boolean;
  /** Size of the whole blob. */
  readonly size: number;
  /** Absolute path of the file that grows; stays readable under this path until close(). undefined only for `store` without files. */
  readonly path: string | undefined;
  /** Bytes from the start that may be handed out now: everything once proven, else all but the withheld tail. */
  readonly available: number;
  /**
   * Resolves when `available` > `offset`, or with `size` when all is proven. Throws the fill's failure (LayoverError):
   * whoever has sent bytes then cuts its connection. Rejects with CANCELLED when the signal aborts.
   */
  waitBeyond(offset: number, signal?: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

/**
 * At most one GET of a digest at a time to an upstream, however many ask. Requests that name
 * different upstreams don't share one: otherwise whoever may name an upstream of their own could
 * hold up, or break, everybody's pulls of a well-known blob (ADR 6).
 */
export interface Fills {
  /**
   * Joins the running fill of the digest or begins one; resolves when size is known (upstream's headers, or the
   * whole blob where upstream gives no length). A failure before that is not shared: the next waiter tries with its own source.
   * Throws what the requester's own source threw, STORE_FULL, STORE_FAILED, or CANCELLED by the signal.
   */
  open(request: FillRequest, signal?: AbortSignal): Promise<FillReader>;
  /**
   * Fills without reading; resolves when the blob is whole in the store, or was there, and FillsOptions
   * `onFilled` is done. `urgent`: the request counts as `priority` says until the signal aborts, then as a
   * background request; the caller gets CANCELLED at once and the fill goes on. Throws as `open` does.
   */
  complete(request: FillRequest, urgent?: AbortSignal): Promise<void>;
  /**
   * Adds the request to a running fill that will end without it, because the fill has begun to read or
   * has a background request of the same organization. Returns false if there is no such fill.
   */
  follow(request: FillRequest): boolean;
  /** Whether a fill of the digest is running or waiting. */
  isActive(digest: Digest): boolean;
  /** Lets running fills end within `graceMs`, then aborts them; nothing is left in the spool. */
  stop(graceMs: number): Promise<void>;
}
