import { X509Certificate } from 'node:crypto';
import type { PlaneName } from '../runtime/plane-name';

/** Who calls which service; nobody calls one that is not here. */
const CALLERS: Readonly<Record<string, readonly PlaneName[]>> = {
  'layover.v1.Registry': ['edge'],
  'layover.v1.Node': ['edge', 'data-plane'],
  'layover.v1.Storage': ['control-plane'],
  'layover.v1.Catalog': ['data-plane'],
  'grpc.health.v1.Health': ['edge', 'data-plane', 'control-plane'],
};

/** The name that the certificate of a plane has among its subject alternative names. */
export function certificateName(plane: PlaneName, domain: string): string {
  return `${plane}.${domain}`;
}

/** The planes that may call a method (`/layover.v1.Registry/ReadBlob`). */
export function callersOf(path: string): readonly PlaneName[] {
  return CALLERS[path.split('/', 2)[1] ?? ''] ?? [];
}

/** Whether a certificate says the name itself, as a DNS name: neither its common name nor a wildcard will do. Some 0.5 ms. */
export function hasName(certificate: X509Certificate, name: string): boolean {
  return certificate.checkHost(name, { subject: 'never', wildcards: false }) !== undefined;
}

/** The planes that a certificate (DER) is for. */
export function planesOf(certificate: Buffer, domain: string): ReadonlySet<PlaneName> {
  const parsed = new X509Certificate(certificate);
  const all: readonly PlaneName[] = ['edge', 'data-plane', 'control-plane'];
  return new Set(all.filter((plane) => hasName(parsed, certificateName(plane, domain))));
}
