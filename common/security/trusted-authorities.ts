import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';

/** Where certificates of authorities are, besides the roots that Node.js contains. */
export interface AuthorityFiles {
  /** The bundle of the system (SSL_CERT_FILE); undefined = the first of the usual ones. */
  readonly bundle: string | undefined;
  /** Folders of the system (SSL_CERT_DIR). */
  readonly folders: readonly string[];
  /** An additional bundle (NODE_EXTRA_CA_CERTS). */
  readonly extra: string | undefined;
}

/** A file or folder that could not be read, or of which a certificate is invalid. */
export interface AuthorityProblem {
  readonly path: string;
  readonly reason: string;
}

/**
 * The usual bundles: Debian, Ubuntu, Alpine and Arch; Fedora and RHEL; OpenSUSE; RHEL 6; macOS and
 * FreeBSD; NixOS (the list of Go's crypto/x509, root_linux.go and root_bsd.go).
 */
const USUAL_BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
  '/etc/ssl/certs/ca-bundle.crt',
];

const PEM = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/**
 * Returns the certificates of all authorities that are trusted, in PEM and without duplicates: the
 * roots of Node.js, those of the system, and the additional bundle
 * (docs/security.md#trusted-authorities). Never throws: what cannot be read is reported and left
 * out. `usual` are the bundles to look for.
 */
export function readTrustedAuthorities(
  files: AuthorityFiles,
  report: (problem: AuthorityProblem) => void,
  usual: readonly string[] = USUAL_BUNDLES,
): readonly string[] {
  const found = new Map<string, string>();
  const add = (text: string, path: string): void => {
    for (const [pem] of text.matchAll(PEM)) {
      const body = pem.replace(/\s/g, '');
      if (found.has(body)) continue;
      if (isCertificate(pem)) found.set(body, pem);
      else report({ path, reason: 'it contains an invalid certificate, which is ignored' });
    }
  };
  rootCertificates.forEach((pem) => found.set(pem.replace(/\s/g, ''), pem));
  for (const path of files.bundle === undefined ? usual : [files.bundle]) {
    const text = read(path, files.bundle === undefined ? () => undefined : report);
    add(text, path);
    // Usual bundles have the same content; one of them is enough.
    if (text !== '') break;
  }
  if (files.extra !== undefined) add(read(files.extra, report), files.extra);
  for (const folder of files.folders) {
    for (const name of list(folder, report)) {
      const path = join(folder, name);
      // Folders of the system contain other files and broken links too.
      add(
        read(path, () => undefined),
        path,
      );
    }
  }
  return [...found.values()];
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).raw.length > 0;
  } catch {
    return false;
  }
}

function read(path: string, report: (problem: AuthorityProblem) => void): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    report({ path, reason: `it cannot be read (${(error as NodeJS.ErrnoException).code})` });
    return '';
  }
}

function list(folder: string, report: (problem: AuthorityProblem) => void): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    report({ path: folder, reason: `it cannot be read (${(error as NodeJS.ErrnoException).code})` });
    return [];
  }
}
