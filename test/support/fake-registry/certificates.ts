import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A certificate authority for a test, and a server certificate that it signed, in PEM. */
export interface TestCertificates {
  readonly ca: string;
  readonly key: string;
  readonly cert: string;
}

/**
 * Creates both with openssl, valid for a day, for the given names and addresses. Leaves no files
 * behind.
 */
export async function makeCertificates(
  subjectAltNames: readonly string[] = ['IP:127.0.0.1', 'DNS:localhost'],
): Promise<TestCertificates> {
  const directory = await mkdtemp(join(tmpdir(), 'layover-certificates-'));
  const file = (name: string): string => join(directory, name);
  try {
    const keyOptions = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    await run('openssl', [
      ...['req', '-x509', ...keyOptions, '-days', '1', '-subj', '/CN=Test authority'],
      ...['-keyout', file('ca.key'), '-out', file('ca.pem')],
    ]);
    await run('openssl', [
      ...['req', '-new', ...keyOptions, '-subj', '/CN=fake registry'],
      ...['-keyout', file('server.key'), '-out', file('server.csr')],
    ]);
    await writeFile(file('extensions'), `subjectAltName=${subjectAltNames.join(',')}\n`);
    await run('openssl', [
      ...['x509', '-req', '-in', file('server.csr'), '-CA', file('ca.pem'), '-CAkey', file('ca.key')],
      ...['-CAcreateserial', '-days', '1', '-extfile', file('extensions'), '-out', file('server.pem')],
    ]);
    const [ca, key, cert] = await Promise.all(
      ['ca.pem', 'server.key', 'server.pem'].map((name) => readFile(file(name), 'utf8')),
    );
    return { ca: ca!, key: key!, cert: cert! };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
