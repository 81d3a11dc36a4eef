import type { WaitingPlaces } from '../../../common/async/waiting-places';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { Access } from '../access/access';
import type { PullTarget } from '../access/pull-target';
import type { RepositoryRequest } from '../access/request';
import type { PullJournal } from '../journal/pull-journal';
import type { UpstreamReporter } from '../journal/upstream-reporter';
import type { StoredBlobs } from '../store/guard/stored-blobs';
import type { ContentUses } from '../store/uses/content-uses';
import type { UpstreamRegistry } from '../upstream/upstream-registry';
import type { BlobAccess } from './blob-access';
import type { BlobRedirects } from './blob-redirects';
import type { DirectRanges } from './direct-ranges';
import { completeBlob, type FillElsewhere, type NamedBlob } from './complete-blob';
import type { Fills } from './fills/fills';
import { type BlobWithoutBytes, openWithoutBytes } from './open-without-bytes';
import type { PassThrough } from './pass-through';
import type { MissingBlobs } from './missing-blobs';
import { type BlobReadOptions, openBlob, type OpenBlobParts, type OpenedBlob } from './open-blob';
import { ReadThroughSource } from './read-through-source';
import { type BlobStat, statBlob } from './stat-blob';

/** Dependencies of BlobService. */
export interface BlobServiceParts {
  readonly access: Access;
  readonly blobAccess: BlobAccess;
  /** Throws DENIED for a blob of a refused image. Without it, no blob is refused. */
  readonly gate?: BlobCheck | undefined;
  readonly upstream: UpstreamRegistry;
  readonly stored: StoredBlobs;
  readonly fills: Fills;
  /** undefined = a blob that does not fit on the disk is refused. */
  readonly passThrough?: PassThrough | undefined;
  /** Places for the files that are read. Default: as many as are needed. */
  readonly files?: WaitingPlaces | undefined;
  /** undefined = ranges of cold blobs wait for the fill. */
  readonly direct?: DirectRanges | undefined;
  readonly uses: ContentUses;
  readonly journal: PullJournal;
  /** undefined = blobs that the upstream does not have are not reported. */
  readonly missing?: Pick<MissingBlobs, 'failed'> | undefined;
  readonly reporter: UpstreamReporter;
  /** undefined = clients are never redirected. */
  readonly redirects?: BlobRedirects | undefined;
  /** undefined = there is only one node. */
  readonly elsewhere?: FillElsewhere | undefined;
}

/** Checks whether a client may have a blob of a repository that it may pull from. */
export interface BlobCheck {
  pass(target: PullTarget, digest: Digest, requestId: string, signal?: AbortSignal): Promise<void>;
}

/** A request for a blob. */
export interface BlobRequest extends RepositoryRequest {
  readonly digest: Digest;
  /**
   * True if another data plane is the first for the blob and busy with it. Then stored bytes are
   * read, and the upstream is not asked. Default: false.
   */
  readonly further?: boolean | undefined;
}

/**
 * Serves blob requests, from the address to the bytes. Every path to the bytes of a blob goes
 * through this class and {@link BlobAccess}: HEAD, GET, ranges, redirects, joined fills,
 * completion, and fills for other nodes.
 */
export class BlobService {
  private readonly openParts: OpenBlobParts;

  constructor(private readonly parts: BlobServiceParts) {
    this.openParts = { ...parts, redirects: parts.redirects, source: new ReadThroughSource(parts) };
  }

  /**
   * Answers a HEAD request. Throws DENIED for a blob of a refused image, and the errors of Access,
   * BlobAccess and StoredBlobs.
   */
  stat(request: BlobRequest): Promise<BlobStat> {
    const { digest, signal } = request;
    return this.withTarget(request, 0, async (target) =>
      statBlob(this.parts, await this.parts.blobAccess.toStat(target, digest, signal), signal),
    );
  }

  /**
   * Opens a blob for a GET request, or returns where to redirect the client. Throws RANGE_INVALID
   * with detail {size}, DENIED for a blob of a refused image, NOT_READY for a further request whose
   * right to read is not known here yet, and the errors of Access, BlobAccess and BlobSource.
   */
  open(request: BlobRequest & BlobReadOptions): Promise<OpenedBlob> {
    const { digest, signal, further = false } = request;
    const { blobAccess } = this.parts;
    return this.withTarget(request, request.context.authorizedAt, async (target) => {
      const right = further
        ? await blobAccess.toReadStored(target, digest)
        : await blobAccess.toRead(target, digest, signal);
      if (right === undefined) throw notKnownYet(digest);
      return openBlob(this.openPartsOf(request), right, request);
    });
  }

  /**
   * Opens a blob for a GET request if it needs no bytes from this process: it is in a local file,
   * or the client may be redirected. Returns undefined otherwise; nothing was requested or counted
   * then. Throws like {@link BlobService.open}, except the errors of the upstream.
   */
  openWithoutBytes(request: BlobRequest & BlobReadOptions): Promise<BlobWithoutBytes | undefined> {
    return this.withTarget(request, request.context.authorizedAt, async (target) => {
      const right = await this.parts.blobAccess.toReadAtOnce(target, request.digest);
      return right && openWithoutBytes(this.parts, right, request);
    });
  }

  /**
   * Brings a blob that a manifest of the repository names into the store of the node where clients
   * look for it. `urgent`: a client waits for the blob until this signal aborts. Throws the errors
   * of Fills.complete, or the upstream error of the other node.
   */
  complete(target: PullTarget, blob: NamedBlob, urgent?: AbortSignal): Promise<void> {
    const elsewhere = (): Promise<boolean> | undefined => this.parts.elsewhere?.(target, blob, urgent);
    return completeBlob(this.parts, this.parts.blobAccess.toFill(target, blob), urgent, elsewhere);
  }

  /** Brings a blob into the store of this node; otherwise like {@link BlobService.complete}. */
  completeHere(target: PullTarget, blob: NamedBlob, urgent?: AbortSignal): Promise<void> {
    return completeBlob(this.parts, this.parts.blobAccess.toFill(target, blob), urgent, () => undefined);
  }

  /**
   * The rest of an interrupted delivery is not requested from the upstream directly: all clients of
   * a lost node would do so at once, and they read the blob to its end.
   */
  private openPartsOf({ context }: BlobRequest): OpenBlobParts {
    return context.authorizedAt === 0 ? this.openParts : { ...this.openParts, direct: undefined };
  }

  /** `since`: when the interrupted answer began that this request continues; 0 = now. */
  private async withTarget<T>(
    request: BlobRequest,
    since: number,
    action: (target: PullTarget) => Promise<T>,
  ): Promise<T> {
    const { access, reporter } = this.parts;
    const located = await access.locateForClient(request, since);
    const target = await access.authorize(located, request.context.authorization, {
      since,
      blob: request.digest,
    });
    try {
      await this.parts.gate?.pass(target, request.digest, request.context.requestId, request.signal);
      return await action(target);
    } finally {
      reporter.touch(target);
    }
  }
}

/** The edge then asks the first data plane, which is the one that knows. */
function notKnownYet(digest: Digest): LayoverError {
  return new LayoverError('NOT_READY', {
    message: `This data plane does not know yet that the organization may read ${digest}. Retry.`,
  });
}
