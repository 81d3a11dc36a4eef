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
 * How often the files are looked at, in milliseconds. They are read, not watched: a mounted Kubernetes secret changes by a symbolic link, a shared folder without
 * a word, and three small files cost nothing.
 */
const LOOK_MS = 5_000;

/** What a watch works with. */
export interface TlsWatchOptions {
  readonly files: TlsFiles;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * A certificate with its key that follows its files. What cannot be used (a certificate that was replaced before its key, a file that is gone for a moment) changes
 * nothing: the last good ones stay, and the log says why. Connections that stand keep what they were made with.
 */
export class TlsWatch {
  private material: TlsMaterial;
  private readonly listeners = new Set<(material: TlsMaterial) => void>();
  private readonly options: TlsWatchOptions;
  /** What could not be used at the last look, and whether the log has it. */
  private bad: { readonly problem: string; told: boolean } | undefined;
  private readonly stopLooking: () => Promise<void>;
  private stopped = false;

  /** Reads the files. Throws a TlsFilesError. */
  constructor(options: TlsWatchOptions) {
    this.options = options;
    this.material = loadTlsFiles(options.files);
    this.tell('using the certificate');
    const { clock, logger } = options;
    const onError = (error: unknown): void => logger.error({ err: error }, 'looking at the certificate failed');
    this.stopLooking = repeat({ clock, everyMs: LOOK_MS, work: () => this.look(), onError });
  }

  /** What is to be used for new connections. */
  get current(): TlsMaterial {
    return this.material;
  }

  /** Calls back with every change; the function returned ends that. */
  onChange(listener: (material: TlsMaterial) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /** Looks no more. */
  stop(): void {
    this.stopped = true;
    void this.stopLooking();
    this.listeners.clear();
  }

  private async look(): Promise<void> {
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
    this.tell('the certificate was replaced: new connections use it');
    for (const listener of this.listeners) listener(material);
  }

  /** Said at the second look: files that are replaced one after the other are no news. */
  private refuse(error: unknown): void {
    const problem = error instanceof TlsFilesError ? error.message : 'unexpected';
    if (problem !== this.bad?.problem) {
      this.bad = { problem, told: false };
    } else if (!this.bad.told) {
      this.bad.told = true;
      this.options.logger.warn({ problem }, 'the new certificate cannot be used; the old one stays');
    }
  }

  private tell(message: string): void {
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
