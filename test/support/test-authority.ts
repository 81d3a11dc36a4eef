import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const KEY_OPTIONS = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate and its key in PEM. */
export interface IssuedCertificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority in memory. Its certificates are valid for one day. */
export interface TestAuthority {
  /** The certificate of the authority in PEM. */
  readonly ca: string;
  /**
   * Issues a certificate with these subject alternative names (`DNS:edge.layover.internal`,
   * `IP:127.0.0.1`) and a common name.
   */
  issue(names: readonly string[], commonName?: string): Promise<IssuedCertificate>;
}

/** Creates an authority with openssl. Leaves no files. */
export async function makeAuthority(): Promise<TestAuthority> {
  const [ca, caKey] = await inFolder(async (file) => {
    await run('openssl', [
      ...['req', '-x509', ...KEY_OPTIONS, '-days', '1', '-subj', '/CN=Test authority'],
      ...['-keyout', file('ca.key'), '-out', file('ca.pem')],
    ]);
    return Promise.all([readFile(file('ca.pem'), 'utf8'), readFile(file('ca.key'), 'utf8')]);
  });
  return {
    ca,
    issue: (names, commonName = 'layover') =>
      inFolder(async (file) => {
        await Promise.all([
          writeFile(file('ca.pem'), ca),
          writeFile(file('ca.key'), caKey),
          writeFile(file('extensions'), names.length === 0 ? '' : `subjectAltName=${names.join(',')}\n`),
        ]);
        await run('openssl', [
          ...['req', '-new', ...KEY_OPTIONS, '-subj', `/CN=${commonName}`],
          ...['-keyout', file('key'), '-out', file('csr')],
        ]);
        await run('openssl', [
          ...['x509', '-req', '-in', file('csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
          ...['-CAcreateserial', '-days', '1', '-extfile', file('extensions'), '-out', file('cert')],
        ]);
        return { cert: await readFile(file('cert'), 'utf8'), key: await readFile(file('key'), 'utf8') };
      }),
  };
}

async function inFolder<T>(work: (file: (name: string) => string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'layover-authority-'));
  try {
    return await work((name) => join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
