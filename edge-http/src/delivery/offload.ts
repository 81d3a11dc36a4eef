import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Header } from '../../../common/oci/headers';
import { OFFLOAD_PATH } from '../request/offload-path';
import type { BlobSupply } from './blob-supply';
import type { OffloadSettings } from './offload-settings';

const ASKED = Header.layoverOffload.toLowerCase();
const FAILED = Header.layoverOffloadFailed.toLowerCase();

/**
 * Conditions that nginx evaluates on the file itself, with dates and an entity tag that it does not
 * know. If-None-Match and If-Modified-Since are not among them: the edge has evaluated the first,
 * and the configuration of nginx switches the second off.
 */
const CONDITIONS = ['if-match', 'if-range', 'if-unmodified-since'] as const;
/** A range that the edge and nginx read in the same way. */
const ONE_RANGE = /^bytes=(?:\d{1,15}-\d{0,15}|-\d{1,15})$/;
/** What follows a folder in the path of a blob: nothing that a URI would encode or resolve. */
const REST = /^(?:\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/;

/** Decides which answers nginx sends in place of the edge (ADR 48). */
export class Offload {
  private readonly secret: Buffer;

  constructor(private readonly settings: OffloadSettings) {
    this.secret = hash(settings.secret);
  }

  /**
   * Returns the internal URI of the file that nginx shall send; undefined if the edge sends the
   * bytes itself. nginx sends only the file of a complete blob, as a whole or one range of it, and
   * only if it has proven itself with the secret: any other client would get an empty answer.
   */
  async uriFor(headers: IncomingHttpHeaders, { local, header }: BlobSupply): Promise<string | undefined> {
    const { delivery, size } = header;
    if (local === undefined || delivery.kind !== 'local-file' || delivery.available < size) return undefined;
    if (!this.proves(headers[ASKED]) || !isSimple(headers)) return undefined;
    const uri = this.internalUri(delivery.path);
    if (uri === undefined) return undefined;
    // nginx sends what the file has. Only the edge can send the rest from elsewhere.
    const stats = await local.file.stat().catch(() => undefined);
    return stats?.size === size ? uri : undefined;
  }

  /** Returns true if nginx repeats a request because it could not open the file. */
  hasFailed(headers: IncomingHttpHeaders): boolean {
    return this.proves(headers[FAILED]);
  }

  private proves(given: string | string[] | undefined): boolean {
    return typeof given === 'string' && given !== '' && timingSafeEqual(hash(given), this.secret);
  }

  private internalUri(path: string): string | undefined {
    for (const { name, folder } of this.settings.folders) {
      if (!path.startsWith(`${folder}/`)) continue;
      const rest = path.slice(folder.length);
      if (REST.test(rest)) return `${OFFLOAD_PATH}${name}${rest}`;
    }
    return undefined;
  }
}

function isSimple(headers: IncomingHttpHeaders): boolean {
  const { range } = headers;
  return CONDITIONS.every((name) => headers[name] === undefined) && (range === undefined || ONE_RANGE.test(range));
}

/** timingSafeEqual needs buffers of equal length. */
function hash(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
