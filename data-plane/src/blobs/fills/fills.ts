import type { Digest } from '../../../../common/oci/digest';
import type { UpstreamRule } from '../../../../common/oci/upstream-rule';
import type { Absence } from '../../store/guard/absence';
import type { ReadRight } from '../../store/guard/read-right';
import type { UpstreamBlobStream } from '../../upstream/upstream-registry';

/** A request for a fill: the requester of the blob, and the source of its bytes. */
export interface FillRequest {
  readonly digest: Digest;
  /**
   * Size from the manifest or a HEAD, if there is one. An expectation: the digest decides, also
   * about the size (docs/design/fills.md#sizes).
   */
  readonly expectedSize: number | undefined;
  /** Most bytes of the blob if nobody knows its size: the quota of the organization. */
  readonly maxUnknownBytes?: number | undefined;
  /**
   * Whether a client gets a blob that exceeds `maxUnknownBytes`, without it being kept. Default:
   * false.
   */
  readonly passesOversize?: boolean;
  /**
   * Size that the quota was checked for: 0 if a manifest names the blob without a usable size;
   * undefined = for none. Default: expectedSize.
   */
  readonly checkedSize?: number | undefined;
  /** Host of the upstream, as in the configuration. Limits and turns are per upstream. */
  readonly upstream: string;
  /** Uid of the organization. Waiting fills of one upstream take turns between organizations. */
  readonly owner: string;
  /** Repository of the organization. The blob is in use for it until the fill ends. */
  readonly repository: string;
  /**
   * The upstream identities of the organization; see ProofHolder. Only requests with the same last
   * identity share a fill.
   */
  readonly identities: readonly [string, ...string[]];
  /** The complete name of the repository at the upstream, from which the bytes come. */
  readonly upstreamRepository: string;
  /**
   * Whether the organization may pull an upstream repository. Requests share a fill only if each of
   * them may pull the repositories of the others.
   */
  readonly mayPull: UpstreamRule;
  /**
   * The answer of the store, if the store was asked. Without a valid one, the fill asks the store,
   * if it may.
   */
  readonly absence?: Absence | undefined;
  /**
   * Returns the right to the stored bytes, if the organization has a proof by now. Without it, the
   * bytes come from the upstream even if the store holds them.
   */
  readonly readRight: () => ReadRight | undefined;
  /**
   * `client`: a client waits. `background`: completion of an image. A client that joins a waiting
   * fill raises its priority.
   */
  readonly priority: 'client' | 'background';
  /**
   * Requests the blob from the upstream with the requester's own credentials. Called again with the
   * reached offset to resume. `decode`: see UpstreamRegistry.openBlob.
   */
  readonly source: (offset: number, signal: AbortSignal, decode?: boolean) => Promise<UpstreamBlobStream>;
  /** Receives the number of bytes as they arrive from the upstream (statistics). */
  readonly onFetched?: (bytes: number) => void;
}

/**
 * A follower of a fill, or of the stored blob that the fill became. Reads by offset, at its own
 * pace. The caller closes it, no matter how the read ends; closing never stops the fill.
 */
export interface FillReader {
  /**
   * `store`: the blob was stored in the meantime, and the upstream was not asked. Read it from the
   * store.
   */
  readonly origin: 'fill' | 'store';
  /** False if this request started the fill, true if the fill was already running. */
  readonly joined: boolean;
  /**
   * Size of the whole blob, in bytes. Before the proof, it may turn out to be wrong; `waitBeyond`
   * then throws.
   */
  readonly size: number;
  /**
   * Absolute path of the growing file; readable under this path until close(). undefined for
   * `store`, and before the upstream has answered.
   */
  readonly path: string | undefined;
  /**
   * Number of bytes from the start that may be sent now: all bytes once proven, otherwise all but
   * the withheld tail.
   */
  readonly available: number;
  /**
   * Resolves when `available` > `offset`, or with `size` when all bytes are proven. Throws the
   * failure of the fill (LayoverError); a caller that has sent bytes then cuts its connection.
   * Rejects with CANCELLED if the signal aborts.
   */
  waitBeyond(offset: number, signal?: AbortSignal): Promise<number>;
  close(): Promise<void>;
}

/**
 * Runs at most one GET of a digest per upstream identity at a time, no matter how many requests ask
 * for it. Requests of different identities do not share a fill: what an upstream gives to one of
 * them, it may refuse to another (ADR 30). Nor do requests with different upstreams: an owner who
 * may configure an upstream could otherwise delay or break everyone's pulls of a well-known blob
 * (ADR 6).
 */
export interface Fills {
  /**
   * Joins the running fill of the digest or starts one. Resolves when the size is known: from the
   * headers of the upstream, from the whole blob, or, after some time, from the manifest only
   * (docs/design/fills.md#sizes). An earlier failure is not shared: the next waiting request tries
   * with its own source. Only a full disk is shared, with requests that expect the same size.
   * Throws what the requester's own source threw, STORE_FULL, STORE_FAILED, or CANCELLED if the
   * signal aborts.
   */
  open(request: FillRequest, signal?: AbortSignal): Promise<FillReader>;
  /**
   * Fills without reading. Resolves when the store holds the complete blob and FillsOptions
   * `onFilled` has ended. `urgent`: the request has its `priority` until this signal aborts, and
   * background priority afterwards. The caller then gets CANCELLED at once and the fill continues.
   * Throws what `open` throws.
   */
  complete(request: FillRequest, urgent?: AbortSignal): Promise<void>;
  /**
   * Adds the request to a running fill that will end without its help: the fill has started to
   * read, or has a background request of the same organization. Returns false if there is no such
   * fill.
   */
  follow(request: FillRequest): boolean;
  /**
   * Returns how many bytes from the start the fill that the request would join has received; 0 if
   * there is none.
   */
  received(request: FillRequest): number;
  /** Whether a fill of the digest is running or waiting. */
  isActive(digest: Digest): boolean;
  /**
   * Lets running fills end within `graceMs` milliseconds, then aborts them. Leaves nothing in the
   * spool.
   */
  stop(graceMs: number): Promise<void>;
}
