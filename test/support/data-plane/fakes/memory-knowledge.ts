import type { Descriptor } from '../../../../common/oci/descriptor';
import { type Digest, mustDigest } from '../../../../common/oci/digest';
import type { RepositoryKey } from '../../../../data-plane/src/access/repository-key';
import type { ManifestAdmission, CachedManifest, CachedTag } from '../../../../data-plane/src/known/catalog';
import type {
  Knowledge,
  KnownProof,
  ProofTarget,
  StoredReferrers,
  StoredTagPage,
} from '../../../../data-plane/src/known/knowledge';
import type { AdmitManifestRequest } from '../../../../proto/gen/layover/v1/AdmitManifestRequest';

/** Knowledge in maps that records every admission. */
export class MemoryKnowledge implements Knowledge {
  readonly admissions: AdmitManifestRequest[] = [];
  decision: ManifestAdmission = { decision: 'admitted' };
  /** Called before every admission; admit throws the errors that it throws. */
  onAdmit: () => void | Promise<void> = () => undefined;
  private readonly tagsByKey = new Map<string, CachedTag>();
  private readonly manifests = new Map<string, CachedManifest>();
  private readonly blobs = new Map<string, Descriptor>();
  private readonly kept = new Map<string, StoredReferrers>();
  private readonly tagPages = new Map<string, StoredTagPage>();
  /** The result of `changes`. */
  changeCount = 0;
  private readonly proofs = new Map<string, readonly string[]>();

  async tag(repository: RepositoryKey, tag: string): Promise<CachedTag | undefined> {
    return this.tagsByKey.get(keyOf(repository, tag));
  }
  async manifest(repository: RepositoryKey, digest: Digest): Promise<CachedManifest | undefined> {
    return this.manifests.get(keyOf(repository, digest));
  }
  async blob({ key }: ProofTarget, digest: Digest): Promise<Descriptor | undefined> {
    return this.blobs.get(keyOf(key, digest));
  }
  isProven({ holder }: ProofTarget, digest: Digest): boolean {
    return holder.identities.some((identity) => this.proofsOf(identity, digest).some(holder.mayPull));
  }
  knownProof({ holder: { identities, mayPull } }: ProofTarget, digest: Digest): KnownProof | undefined {
    const [upstreamRepository] = identities.flatMap((one) => this.proofsOf(one, digest)).filter(mayPull);
    if (upstreamRepository === undefined) return undefined;
    const known = identities.filter((one) => this.proofsOf(one, digest).includes(upstreamRepository));
    return { identities: known, upstreamRepository };
  }
  async findProof(target: ProofTarget, digest: Digest): Promise<boolean> {
    return this.isProven(target, digest);
  }
  putProof(identities: readonly string[], digest: Digest, upstreamRepository: string): boolean {
    const fresh = identities.filter((identity) => !this.proofsOf(identity, digest).includes(upstreamRepository));
    for (const identity of fresh)
      this.proofs.set(`${identity} ${digest}`, [...this.proofsOf(identity, digest), upstreamRepository]);
    return fresh.length > 0;
  }
  /** Removes all proofs, as if another process had made them. */
  forgetProofs(): void {
    this.proofs.clear();
  }
  async admit(request: AdmitManifestRequest): Promise<ManifestAdmission> {
    this.admissions.push(request);
    await this.onAdmit();
    if (this.decision.decision !== 'admitted') return this.decision;
    const repository = request.repository as RepositoryKey;
    const manifest = request.manifest as Descriptor;
    const references = request.references ?? [];
    this.manifests.set(keyOf(repository, manifest.digest), { manifest, references });
    for (const { role, descriptor } of references) {
      if (role !== 'LAYER' && role !== 'CONFIG') continue;
      this.putBlob(repository, descriptor as Descriptor);
    }
    return this.decision;
  }
  putTag(repository: RepositoryKey, tag: string, value: CachedTag): void {
    this.tagsByKey.set(keyOf(repository, tag), value);
  }
  pushExpiration(repository: RepositoryKey, tag: string, before: CachedTag, expiresAt: number): void {
    if (this.tagsByKey.get(keyOf(repository, tag)) === before) this.putTag(repository, tag, { ...before, expiresAt });
  }
  removeTag(repository: RepositoryKey, tag: string): void {
    this.tagsByKey.delete(keyOf(repository, tag));
  }
  /** Removes a manifest, like an eviction by the control plane. */
  removeManifest(repository: RepositoryKey, digest: Digest): void {
    this.manifests.delete(keyOf(repository, digest));
  }
  putBlob(repository: RepositoryKey, blob: Descriptor): void {
    this.blobs.set(keyOf(repository, mustDigest(blob.digest)), blob);
  }
  async tags(
    repository: RepositoryKey,
    limit: number,
    last: string,
  ): Promise<{ readonly tags: readonly string[]; readonly more: boolean }> {
    const prefix = keyOf(repository, '');
    const tags = [...this.tagsByKey.keys()]
      .filter((key) => key.startsWith(prefix))
      .map((key) => key.slice(prefix.length))
      .filter((tag) => tag > last)
      .sort();
    return { tags: tags.slice(0, limit), more: tags.length > limit };
  }
  private proofsOf(identity: string, digest: Digest): readonly string[] {
    return this.proofs.get(`${identity} ${digest}`) ?? [];
  }
  changes(): number {
    return this.changeCount;
  }
  referrers(repository: RepositoryKey, digest: Digest, key: string): StoredReferrers | undefined {
    return this.kept.get(keyOf(repository, `${digest} ${key}`));
  }
  putReferrers(repository: RepositoryKey, digest: Digest, key: string, value: StoredReferrers): void {
    this.kept.set(keyOf(repository, `${digest} ${key}`), value);
  }
  tagPage(repository: RepositoryKey, key: string): StoredTagPage | undefined {
    return this.tagPages.get(keyOf(repository, key));
  }
  putTagPage(repository: RepositoryKey, key: string, value: StoredTagPage): void {
    this.tagPages.set(keyOf(repository, key), value);
  }
}

function keyOf(repository: RepositoryKey, rest: string): string {
  return `${repository.organizationUid} ${repository.originVersion} ${repository.repository} ${rest}`;
}
