import { repeat } from '../async/repeat';
import type { Clock } from '../runtime/clock';
import type { Logger } from '../runtime/logger';
import {
  loadTlsFiles,
  readTlsFiles,
  type TlsContents,
  type TlsFiles,
  TlsFilesError,
  type TlsMaterial,
  toMaterial,
} from './tls-files';

/**
 * Poll interval of the files, in milliseconds. The files are polled, not watched: mounted
 * Kubernetes secrets change through a symbolic link, network file systems send no events, and
 * reading three small files is cheap.
 */
const POLL_INTERVAL_MS = 5_000;

/** The files to watch, and the dependencies of the watch. */
export interface TlsWatchOptions {
  readonly files: TlsFiles;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A certificate with its key that is reloaded when its files change. Files that cannot be used (a
 * certificate replaced before its key, a file missing for a moment) change nothing: the last valid
 * certificate stays in use and a warning is logged. Existing connections keep their certificate.
 */
export class TlsWatch {
  private material: TlsMaterial;
  private readonly listeners = new Set<(material: TlsMaterial) => void>();
  private readonly options: TlsWatchOptions;
  /** Problem of the last poll, and whether it has been logged. */
  private bad: { readonly problem: string; isLogged: boolean } | undefined;
  private readonly stopPolling: () => Promise<void>;
  private stopped = false;

  /** Reads the files. Throws a TlsFilesError. */
  constructor(options: TlsWatchOptions) {
    this.options = options;
    this.material = loadTlsFiles(options.files);
    this.log('A TLS certificate was loaded');
    const { clock, logger } = options;
    const onError = (error: unknown): void => logger.error({ err: error }, 'Polling the TLS certificate failed');
    this.stopPolling = repeat({ clock, everyMs: POLL_INTERVAL_MS, work: () => this.poll(), onError });
  }

  /** Certificate for new connections. */
  get current(): TlsMaterial {
    return this.material;
  }

  /** Calls `listener` after every change. Returns a function that unsubscribes it. */
  onChange(listener: (material: TlsMaterial) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Stops polling. */
  stop(): void {
    this.stopped = true;
    void this.stopPolling();
    this.listeners.clear();
  }

  private async poll(): Promise<void> {
    const { files } = this.options;
    try {
      const contents = await readTlsFiles(files);
      if (this.stopped) return;
      if (!isSame(this.material, contents)) this.use(toMaterial(files, contents));
      this.bad = undefined;
    } catch (error) {
      this.refuse(error);
    }
  }

  private use(material: TlsMaterial): void {
    this.material = material;
    this.log('The TLS certificate was reloaded; new connections use it');
    for (const listener of this.listeners) listener(material);
  }

  /**
   * Logs a problem at the second poll that finds it, because files are often replaced one after the
   * other.
   */
  private refuse(error: unknown): void {
    const problem = error instanceof TlsFilesError ? error.message : 'unexpected';
    if (problem !== this.bad?.problem) {
      this.bad = { problem, isLogged: false };
    } else if (!this.bad.isLogged) {
      this.bad.isLogged = true;
      this.options.logger.warn({ problem }, 'The new TLS certificate cannot be used; the old one stays in use');
    }
  }

  private log(message: string): void {
    const { subjectAltName, validTo, fingerprint256 } = this.material.leaf;
    const { cert } = this.options.files;
    this.options.logger.info({ file: cert, names: subjectAltName, validTo, fingerprint: fingerprint256 }, message);
  }
}

function isSame(material: TlsMaterial, [cert, key, ca]: TlsContents): boolean {
  return (
    material.cert.equals(cert) &&
    material.key.equals(key) &&
    (ca === undefined ? material.ca === undefined : material.ca?.equals(ca) === true)
  );
}
