import type { ReportUseReply } from '../../../proto/gen/layover/v1/ReportUseReply';
import type { ReportUseRequest__Output } from '../../../proto/gen/layover/v1/ReportUseRequest';
import type { Database } from '../db/database';
import type { ContentUsesStore } from '../cache/in-use/content-uses.store';
import { readContentUse } from '../cache/in-use/read-content-use';

/** Maximum number of stored uses per node. The oldest, which matter most, come first. */
const MAX_USES = 10_000;

/** Stores what a data plane reads and fills. See ReportUse in catalog.proto. */
export async function reportUse(
  database: Database,
  stores: { readonly contentUses: ContentUsesStore },
  request: ReportUseRequest__Output,
  now: number,
): Promise<ReportUseReply> {
  const uses = request.uses.slice(0, MAX_USES).flatMap(readContentUse);
  await database.transaction((queries) => stores.contentUses.report(queries, request.node.slice(0, 128), uses, now));
  return {};
}
