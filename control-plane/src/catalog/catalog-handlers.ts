import type { ServerUnaryCall } from '@grpc/grpc-js';
import { FairQueue } from '../../../common/async/fair-queue';
import type { Clock } from '../../../common/runtime/clock';
import type { CatalogHandlers } from '../../../proto/gen/layover/v1/Catalog';
import { parseAdmission } from '../cache/admission/admission';
import { admitManifest } from '../cache/admission/admit-manifest';
import type { ScannedStores } from '../scan/queue/scan-queue';
import type { Database } from '../db/database';
import type { OrganizationStore } from '../tenancy/organizations/organization.store';
import type { PullRecorder } from '../cache/pulls/record-pulls';
import { judgeBlob } from '../scan/findings/judge-blob';
import { judgeImage } from '../scan/findings/judge-image';
import type { ScanStore } from '../scan/findings/scan.store';
import type { ScanWaits } from '../scan/queue/scan-waits';
import { type CallParts, catalogCall } from './call-handler';
import { listCachedRepositories } from './list-cached-repositories';
import { listCachedTags } from './list-cached-tags';
import { lookupBlob } from './lookup-blob';
import { lookupManifest } from './lookup-manifest';
import { lookupTag } from './lookup-tag';
import { reportUse } from './report-use';
import type { WatchStreams } from './watch';

/** The dependencies of the Catalog service. */
export interface CatalogParts extends CallParts {
  readonly database: Database;
  readonly stores: ScannedStores & { readonly organizations: OrganizationStore; readonly scanResults: ScanStore };
  readonly waits: ScanWaits;
  /** Wakes up scanning, because there is something to scan. */
  readonly pokeScanning: () => void;
  readonly recorder: PullRecorder;
  readonly watch: WatchStreams;
  readonly clock: Clock;
}

/**
 * Number of admissions that run at the same time, each of another organization. SQLite has one
 * writer; on MySQL, connections remain for records and look-ups.
 */
const ADMISSIONS_AT_ONCE = { sqlite: 1, mysql: 4 } as const;

/** Returns handlers for all methods of proto/layover/v1/catalog.proto. */
export function catalogHandlers(parts: CatalogParts): CatalogHandlers {
  const { database, stores, recorder, watch, clock } = parts;
  const { reader } = database;
  const admissions = new FairQueue(ADMISSIONS_AT_ONCE[database.dialect]);
  return {
    Watch: (call) => watch.serve(call),
    CatchUp: catalogCall('CatchUp', parts, async () => ({ revision: await watch.catchUp() })),
    LookupTag: catalogCall('LookupTag', parts, (request) => lookupTag(reader, stores, request)),
    LookupManifest: catalogCall('LookupManifest', parts, (request) => lookupManifest(reader, stores, request)),
    LookupBlob: catalogCall('LookupBlob', parts, (request) => lookupBlob(reader, stores, request)),
    ListCachedTags: catalogCall('ListCachedTags', parts, (request) =>
      listCachedTags(reader, stores, request, clock.now()),
    ),
    ListCachedRepositories: catalogCall('ListCachedRepositories', parts, (request) =>
      listCachedRepositories(reader, stores.repositories, request),
    ),
    AdmitManifest: (call, callback) => {
      // A data plane that left has written the admission to its journal.
      const signal = leaving(call);
      catalogCall('AdmitManifest', parts, async (request: typeof call.request) => {
        const admission = parseAdmission(request);
        // If two data planes admit the first version of a tag at once, the second retries and finds
        // the version of the first.
        const admit = () =>
          database.transaction((queries) => admitManifest(queries, stores, admission, clock), {
            duplicateIsRace: true,
          });
        return admissions.run(admission.key.organizationUid, admit, signal);
      })(call, callback);
    },
    RecordPulls: catalogCall('RecordPulls', parts, async (request) => {
      const recorded = await recorder.record(request.records);
      parts.metrics.recorded(recorded);
      return { recorded };
    }),
    ReportUse: catalogCall('ReportUse', parts, (request) => reportUse(database, stores, request, clock.now())),
    JudgeBlob: catalogCall('JudgeBlob', parts, (request) => judgeBlob({ queries: reader, stores, clock }, request)),
    JudgeImage: (call, callback) => {
      const signal = leaving(call);
      const judge = { ...parts, poke: parts.pokeScanning };
      catalogCall('JudgeImage', parts, (request: typeof call.request) => judgeImage(judge, request, signal))(
        call,
        callback,
      );
    },
  };
}

/** Returns a signal that is aborted when the caller cancels the call. */
function leaving(call: ServerUnaryCall<unknown, unknown>): AbortSignal {
  const controller = new AbortController();
  call.once('cancelled', () => controller.abort());
  return controller.signal;
}
