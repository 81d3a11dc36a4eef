import { isLayoverError } from '../../../common/errors/layover-error';
import { algorithmOf, type Digest, hexOf, parseDigest } from '../../../common/oci/digest';
import { parseTag } from '../../../common/oci/reference';
import type { Access } from '../access/access';
import type { PullTarget } from '../access/pull-target';
import type { Knowledge } from '../known/knowledge';
import { classifyUpstreamError } from '../upstream/classify-upstream-error';
import type { ManifestAnswer } from './content/manifest-answer';
import type { Completion } from './images/completion';
import { blobsOf } from './images/image-blobs';
import type { ReferrersList } from './list-referrers';
import type { DigestResolver } from './resolve-digest';
import type { TagManifestResolver } from './resolve-tag';

/** The dependencies of {@link fetchArtifacts}. */
export interface ArtifactParts {
  readonly access: Pick<Access, 'internal' | 'locate'>;
  readonly referrers: ReferrersList;
  readonly tags: TagManifestResolver;
  readonly digests: DigestResolver;
  readonly completion: Completion;
  readonly knowledge: Knowledge;
}

/**
 * The tags under which cosign keeps signatures, attestations and SBOMs of `sha256:<hex>`
 * (`sha256-<hex>.sig`; cosign specification, "Discovery of signatures").
 */
const TAG_SUFFIXES = ['.sig', '.att', '.sbom'] as const;

/** Referrers of one manifest that are fetched; the others wait for a client. */
const MAX_REFERRERS = 20;

/** Largest artifact that is fetched, in bytes of its blobs. */
const MAX_ARTIFACT_BYTES = 64 * 1024 * 1024;

const QUERY = { headOnly: false, alsoAccept: [], requestId: 'completion', signal: undefined } as const;

/**
 * Fetches what is attached to a manifest: the list of its referrers, these manifests, and those
 * under the tags of cosign, with their blobs in the background. Returns whether there is anything.
 * Throws the errors of the upstream and of admission, except that something does not exist;
 * NAME_UNKNOWN, PROXY_DISABLED and DENIED if the organization does not allow the pull any more.
 */
export async function fetchArtifacts(parts: ArtifactParts, pulled: PullTarget, subject: Digest): Promise<boolean> {
  const { access, referrers, tags, digests, completion, knowledge } = parts;
  const owner = { kind: 'organization', name: pulled.organization.name } as const;
  // The configuration may have changed since the pull, or since the request before: credentials,
  // patterns, switches, or the upstream.
  const inForce = (): PullTarget | undefined => {
    const target = access.internal(access.locate(owner, pulled.key.repository));
    const { organizationUid, originVersion } = target.key;
    if (organizationUid !== pulled.key.organizationUid || originVersion !== pulled.key.originVersion) return undefined;
    return target.proxy.completeImages ? target : undefined;
  };
  let isFound = false;
  const keep = async (resolve: (target: PullTarget) => Promise<ManifestAnswer>): Promise<void> => {
    const target = inForce();
    if (target === undefined) return;
    try {
      const { cacheStatus, descriptor, content } = await resolve(target);
      isFound = true;
      if (cacheStatus === 'BYPASS' || content === undefined) return;
      const bytes = blobsOf(descriptor, content).reduce((sum, { size }) => sum + size, 0);
      if (bytes <= MAX_ARTIFACT_BYTES) completion.consider(target, descriptor, content, cacheStatus === 'MISS');
    } catch (error) {
      if (!isLayoverError(error) || classifyUpstreamError(error) !== 'gone') throw error;
    }
  };
  const first = inForce();
  if (first === undefined) return false;
  const { content } = await referrers.refresh(first, { digest: subject, artifactType: '' });
  for (const digest of digestsIn(content)) await keep((target) => digests.resolve(target, digest, QUERY));
  for (const suffix of TAG_SUFFIXES) {
    const tag = parseTag(`${algorithmOf(subject)}-${hexOf(subject)}${suffix}`);
    if (tag === undefined) continue;
    if ((await knowledge.tag(first.key, tag)) !== undefined) isFound = true;
    else await keep((target) => tags.resolve(target, tag, QUERY));
  }
  return isFound;
}

/** Returns the digests of the first entries of an index of referrers. */
function digestsIn(content: Buffer): readonly Digest[] {
  const { manifests } = JSON.parse(content.toString()) as { readonly manifests: readonly unknown[] };
  return manifests
    .slice(0, MAX_REFERRERS)
    .map((entry) => parseDigest(String((entry as { readonly digest?: unknown } | null)?.digest)))
    .filter((digest): digest is Digest => digest !== undefined);
}
