import { type Burst, type BurstResult, runBurst } from './burst';
import { type ClosedLoop, type LoopResult, runClosedLoop } from './closed-loop';
import { type LatencyResult, type OpenLoop, runOpenLoop } from './open-loop';
import { type ImagePulls, type PullsResult, runImagePulls } from './pull-images';
import { type BlobReads, runBlobReads } from './read-blobs';
import { type Replay, type ReplayResult, runReplay } from './replay';
import { runSpreadLoop, type SpreadLoop } from './spread-loop';

/** The jobs of the load client by name: what each needs and returns. */
export interface LoadJobs {
  readonly closedLoop: { readonly job: ClosedLoop; readonly result: LoopResult };
  readonly spreadLoop: { readonly job: SpreadLoop; readonly result: LoopResult };
  readonly openLoop: { readonly job: OpenLoop; readonly result: LatencyResult };
  readonly burst: { readonly job: Burst; readonly result: BurstResult };
  readonly blobReads: { readonly job: BlobReads; readonly result: { readonly seconds: number } };
  readonly imagePulls: { readonly job: ImagePulls; readonly result: PullsResult };
  readonly replay: { readonly job: Replay; readonly result: ReplayResult };
}

/** The code of each job. */
export const LOAD_JOBS: {
  readonly [Name in keyof LoadJobs]: (job: LoadJobs[Name]['job']) => Promise<LoadJobs[Name]['result']>;
} = {
  closedLoop: runClosedLoop,
  spreadLoop: runSpreadLoop,
  openLoop: runOpenLoop,
  burst: runBurst,
  blobReads: runBlobReads,
  imagePulls: runImagePulls,
  replay: runReplay,
};
