import { status as Grpc } from '@grpc/grpc-js';
import { LRUCache } from 'lru-cache';
import { LayoverError } from '../../../common/errors/layover-error';
import { fromGrpcError } from '../../../common/grpc/error-status';
import type { Digest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { LookupBlobReply__Output } from '../../../proto/gen/layover/v1/LookupBlobReply';
import type { LookupManifestReply__Output } from '../../../proto/gen/layover/v1/LookupManifestReply';
import type { LookupTagReply__Output } from '../../../proto/gen/layover/v1/LookupTagReply';
import type { RepositoryKey } from '../access/repository-key';
import type {
  BlobLookup,
  CachedManifest,
  CachedRepositoriesPage,
  CachedTag,
  Catalog,
  ManifestAdmission,
} from '../known/catalog';
import { type CatalogClient, isConnected } from './catalog-client';
import { type CallFailure, ControlPlaneCircuit } from './control-plane-circuit';
import { isServiceError, unaryCall, type UnaryMethod } from './unary-call';
import { readAdmission, readDescriptor, readTag } from './wire-values';

/** The parameters of {@link createGrpcCatalog}. */
export interface GrpcCatalogOptions {
  readonly client: CatalogClient;
  readonly clock: Clock;
  /** Timeout of a call, in milliseconds; default 2000. */
  readonly timeoutMs?: number;
  /**
   * How long calls fail immediately after the control plane was found unreachable, in milliseconds;
   * default 1000.
   */
  readonly coolDownMs?: number;
}

/**
 * Creates a Catalog over gRPC. Its methods throw the errors of the control plane, and NOT_READY if
 * the control plane is unreachable or does not answer in time. A {@link ControlPlaneCircuit} keeps
 * an unreachable control plane from delaying every pull.
 */
export function createGrpcCatalog(options: GrpcCatalogOptions): Catalog {
  return new GrpcCatalog(options);
}

/** Maximum number of organizations whose admissions have a circuit of their own. */
const MAX_ADMISSION_CIRCUITS = 1_000;

class GrpcCatalog implements Catalog {
  private readonly circuit: ControlPlaneCircuit;
  /**
   * By organization. The admissions of an organization wait for each other in the control plane, so
   * that a timeout says nothing about other calls.
   */
  private readonly admissionCircuits = new LRUCache<string, ControlPlaneCircuit>({ max: MAX_ADMISSION_CIRCUITS });
  /** Lists of repositories may be slow, which says nothing about the look-ups of pulls. */
  private readonly listCircuit: ControlPlaneCircuit;

  constructor(private readonly options: GrpcCatalogOptions) {
    this.circuit = this.newCircuit();
    this.listCircuit = this.newCircuit();
  }

  async lookupTag(repository: RepositoryKey, tag: string): Promise<CachedTag | undefined> {
    const request = { repository: wireKey(repository), tag };
    const reply = await this.call<LookupTagReply__Output>('LookupTag', (callOptions, callback) =>
      this.options.client.lookupTag(request, callOptions, callback),
    );
    return reply.tag ? readTag(reply.tag) : undefined;
  }

  async lookupManifest(repository: RepositoryKey, digest: Digest): Promise<CachedManifest | undefined> {
    const request = { repository: wireKey(repository), digest };
    const { manifest, references } = await this.call<LookupManifestReply__Output>(
      'LookupManifest',
      (callOptions, callback) => this.options.client.lookupManifest(request, callOptions, callback),
    );
    return manifest ? { manifest: readDescriptor(manifest), references } : undefined;
  }

  async lookupBlob(repository: RepositoryKey, digest: Digest, identities: readonly string[]): Promise<BlobLookup> {
    const request = { repository: wireKey(repository), digest, identities: [...identities] };
    const { blob, provenBy } = await this.call<LookupBlobReply__Output>('LookupBlob', (callOptions, callback) =>
      this.options.client.lookupBlob(request, callOptions, callback),
    );
    return { blob: blob ? readDescriptor(blob) : undefined, provenBy };
  }

  async admit(request: AdmitManifestRequest): Promise<ManifestAdmission> {
    return readAdmission(
      await this.call(
        'AdmitManifest',
        (callOptions, callback) => this.options.client.admitManifest(request, callOptions, callback),
        this.admissionCircuit(request.repository?.organizationUid ?? ''),
      ),
    );
  }

  async listCachedTags(
    repository: RepositoryKey,
    limit: number,
    last: string,
  ): Promise<{ readonly tags: readonly string[]; readonly more: boolean }> {
    const request = { repository: wireKey(repository), limit, last };
    return this.call('ListCachedTags', (callOptions, callback) =>
      this.options.client.listCachedTags(request, callOptions, callback),
    );
  }

  async listCachedRepositories(
    origins: readonly Pick<RepositoryKey, 'organizationUid' | 'originVersion'>[],
    limit: number,
    last: string,
  ): Promise<CachedRepositoriesPage> {
    const request = { origins: [...origins], limit, last };
    return this.call(
      'ListCachedRepositories',
      (callOptions, callback) => this.options.client.listCachedRepositories(request, callOptions, callback),
      this.circuit.isClosed ? this.listCircuit : this.circuit,
    );
  }

  /** Returns the shared circuit while it is open: then the control plane answers nobody. */
  private admissionCircuit(organizationUid: string): ControlPlaneCircuit {
    if (!this.circuit.isClosed) return this.circuit;
    const known = this.admissionCircuits.get(organizationUid);
    if (known !== undefined) return known;
    const circuit = this.newCircuit();
    this.admissionCircuits.set(organizationUid, circuit);
    return circuit;
  }

  private newCircuit(): ControlPlaneCircuit {
    const { clock, coolDownMs = 1000, client } = this.options;
    return new ControlPlaneCircuit({ clock, coolDownMs, isConnected: () => isConnected(client) });
  }

  private async call<T>(name: string, method: UnaryMethod<T>, circuit = this.circuit): Promise<T> {
    try {
      return await circuit.run(() => unaryCall(method, this.options.timeoutMs ?? 2000), classify);
    } catch (error) {
      if (!isServiceError(error)) throw error;
      // A control plane of an earlier version, during an update.
      if (error.code === Grpc.UNIMPLEMENTED) {
        throw new LayoverError('NOT_READY', { message: `the control plane does not know ${name} yet`, cause: error });
      }
      const failure = fromGrpcError(error, 'NOT_READY');
      // CANCELLED means that the control plane stopped during the call: the data plane does not
      // cancel calls.
      if (failure.key !== 'TIMEOUT' && failure.key !== 'CANCELLED' && failure.key !== 'NOT_READY') throw failure;
      throw new LayoverError('NOT_READY', {
        message: `the control plane did not answer ${name} in time; try again later`,
        cause: error,
      });
    }
  }
}

/**
 * Statuses that count as unreachable. UNAUTHENTICATED is one of them: a control plane with another
 * secret or certificate cannot be used.
 */
const UNREACHABLE_STATUSES: readonly Grpc[] = [Grpc.UNAVAILABLE, Grpc.CANCELLED, Grpc.UNAUTHENTICATED];

function classify(error: unknown): CallFailure {
  if (!isServiceError(error)) return 'answered';
  if (error.code === Grpc.DEADLINE_EXCEEDED) return 'timed-out';
  return UNREACHABLE_STATUSES.includes(error.code) ? 'unreachable' : 'answered';
}

function wireKey({ organizationUid, originVersion, repository }: RepositoryKey): RepositoryKey {
  return { organizationUid, originVersion, repository };
}
