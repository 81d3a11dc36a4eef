import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';

/**
 * Paths of a certificate, its key, and the authorities that certificates of peers are checked
 * against; all PEM.
 */
export interface TlsFiles {
  /** The certificate, followed by its intermediate certificates. */
  readonly cert: string;
  /** The private key, without a passphrase. */
  readonly key: string;
  /** Authorities of peers; undefined if peers present no certificate. */
  readonly ca?: string;
}

/** Contents of the files. Contains a private key: never logged. */
export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
  /** The first certificate of the chain. */
  readonly leaf: X509Certificate;
}

/** Contents of the files, in the order cert, key, ca. */
export type TlsContents = readonly [cert: Buffer, key: Buffer, ca: Buffer | undefined];

/**
 * Thrown if the files cannot be used. The message names a file and the reason but never quotes
 * contents.
 */
export class TlsFilesError extends Error {
  override readonly name = 'TlsFilesError';
}

/** Reads and checks the files. Throws a TlsFilesError. */
export function loadTlsFiles(files: TlsFiles): TlsMaterial {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw unreadable(path, error);
    }
  };
  return toMaterial(files, [read(files.cert), read(files.key), files.ca === undefined ? undefined : read(files.ca)]);
}

/** Reads the files without checking them. Rejects with a TlsFilesError. */
export async function readTlsFiles({ cert, key, ca }: TlsFiles): Promise<TlsContents> {
  const read = async (path: string): Promise<Buffer> => {
    try {
      return await readFile(path);
    } catch (error) {
      throw unreadable(path, error);
    }
  };
  return [await read(cert), await read(key), ca === undefined ? undefined : await read(ca)];
}

/**
 * Checks the contents: valid certificates, a key that matches the first one, and acceptance by the
 * TLS library. Throws a TlsFilesError.
 */
export function toMaterial(files: TlsFiles, [cert, key, ca]: TlsContents): TlsMaterial {
  const leaf = readCertificate(files.cert, cert);
  if (!leaf.checkPrivateKey(readKey(files.key, key)))
    throw new TlsFilesError(`${files.key} is not the key of the certificate in ${files.cert}`);
  if (ca !== undefined) readCertificate(files.ca!, ca);
  try {
    createSecureContext({ cert, key, ca });
  } catch (error) {
    throw new TlsFilesError(`${files.cert}, its key and its authorities cannot be used for TLS (${codeOf(error)})`);
  }
  return { cert, key, ca, leaf };
}

function readCertificate(path: string, content: Buffer): X509Certificate {
  try {
    return new X509Certificate(content);
  } catch {
    throw new TlsFilesError(`${path} contains no PEM certificate`);
  }
}

function readKey(path: string, content: Buffer): KeyObject {
  try {
    return createPrivateKey(content);
  } catch (error) {
    const why =
      codeOf(error) === 'ERR_MISSING_PASSPHRASE' ? 'has a passphrase; remove it' : 'contains no PEM private key';
    throw new TlsFilesError(`${path} ${why}`);
  }
}

function unreadable(path: string, error: unknown): TlsFilesError {
  return new TlsFilesError(`${path} cannot be read (${codeOf(error)})`);
}

/** Returns only the code, because messages of OpenSSL and the system may quote contents. */
function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException).code ?? 'unknown reason');
}
