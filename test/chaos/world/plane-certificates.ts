import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlaneName } from '../../support/real/layover';
import { makeAuthority } from '../../support/test-authority';

const NAMES: Readonly<Record<PlaneName, string>> = {
  'edge-http': 'edge',
  'data-plane': 'data-plane',
  'control-plane': 'control-plane',
};

/** The environment of each plane. */
export type PlaneEnvironments = Readonly<Record<PlaneName, Readonly<Record<string, string>>>>;

/** Writes certificates for mutual TLS into a folder, and returns the variables that name them. */
export async function issuePlaneCertificates(folder: string): Promise<PlaneEnvironments> {
  const authority = await makeAuthority();
  const issue = async (plane: PlaneName): Promise<Record<string, string>> => {
    const at = (file: string): string => join(folder, `tls-${plane}`, file);
    await mkdir(join(folder, `tls-${plane}`), { recursive: true });
    const { cert, key } = await authority.issue([`DNS:${NAMES[plane]}.layover.internal`]);
    await Promise.all([
      writeFile(at('cert.pem'), cert),
      writeFile(at('key.pem'), key),
      writeFile(at('ca.pem'), authority.ca),
    ]);
    return {
      LAYOVER_PLANE_TLS_CERT: at('cert.pem'),
      LAYOVER_PLANE_TLS_KEY: at('key.pem'),
      LAYOVER_PLANE_TLS_CA: at('ca.pem'),
    };
  };
  return {
    'edge-http': await issue('edge-http'),
    'data-plane': await issue('data-plane'),
    'control-plane': await issue('control-plane'),
  };
}
