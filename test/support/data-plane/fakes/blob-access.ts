import { randomBytes } from 'node:crypto';
import { BlobAccess } from '../../../../data-plane/src/blobs/blob-access';
import { RangeProver } from '../../../../data-plane/src/blobs/prove-by-ranges';
import { ProofRecorder } from '../../../../data-plane/src/blobs/record-proofs';
import type { StoredBlobs } from '../../../../data-plane/src/store/guard/stored-blobs';
import type { pullRig } from './pull-rig';
import { silentLogger } from './pull-rig';

/** The blob access of a rig, and what records its proofs. */
export interface RiggedAccess {
  readonly blobAccess: BlobAccess;
  readonly proofs: ProofRecorder;
}

/** Creates the blob access on the parts of a pull rig and on a store, as app.ts does. */
export function blobAccessOn(
  { knowledge, upstream, journal, clock }: ReturnType<typeof pullRig>,
  stored: StoredBlobs,
): RiggedAccess {
  const proofs = new ProofRecorder({ knowledge, journal, clock });
  const masterKey = randomBytes(32);
  const prover = new RangeProver({ upstream, stored, journal, masterKey, clock, logger: silentLogger });
  return { blobAccess: new BlobAccess({ knowledge, upstream, stored, prover, proofs }), proofs };
}
