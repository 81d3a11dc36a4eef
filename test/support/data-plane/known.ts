import { type Digest, digestOf } from '../../../common/oci/digest';
import type { RepositoryKey } from '../../../data-plane/src/access/repository-key';
import type { CachedManifest } from '../../../data-plane/src/known/catalog';
import type { ProofTarget } from '../../../data-plane/src/known/knowledge';

/** The repository of the tests. */
export const REPOSITORY: RepositoryKey = { organizationUid: 'u1', originVersion: 'o1', repository: 'library/alpine' };

/** Returns the target of a pull from a repository, whose name at the upstream is the same. */
export function targetOf(
  key: RepositoryKey,
  identities: readonly [string, ...string[]] = [`identity of ${key.organizationUid}`],
  mayPull: (upstreamRepository: string) => boolean = () => true,
): ProofTarget {
  const origin = {
    organizationUid: key.organizationUid,
    host: 'registry.test',
    credentials: undefined,
    credentialVersion: 'none',
    insecure: false,
    caCertificate: undefined,
  };
  return { key, holder: { identities, mayPull }, upstream: { origin, name: key.repository } };
}

/** Returns the digest of a text. */
export function digest(text: string): Digest {
  return digestOf(Buffer.from(text));
}

/** Returns the descriptor of a text. */
export function descriptor(text: string): { mediaType: string; digest: Digest; size: number } {
  return { mediaType: 'application/x', digest: digest(text), size: text.length };
}

/** Returns a tag that points to a text. */
export function tagOf(text: string, checkedAt = 1000) {
  return { manifest: descriptor(text), checkedAt, expiresAt: undefined };
}

/** Returns a manifest with layers; all of them are texts. */
export function manifestOf(text: string, ...layers: string[]): CachedManifest {
  return {
    manifest: descriptor(text),
    references: layers.map((layer, position) => ({
      role: 'LAYER' as const,
      descriptor: descriptor(layer),
      position,
      platform: null,
      foreign: false,
    })),
  };
}
