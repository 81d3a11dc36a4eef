import { fromGrpcError } from '../../../common/grpc/error-status';
import type { ReportUseReply__Output } from '../../../proto/gen/layover/v1/ReportUseReply';
import type { ContentUse } from '../store/uses/content-uses';
import type { UseReport } from '../store/uses/use-report';
import type { CatalogClient } from './catalog-client';
import { isServiceError, unaryCall } from './unary-call';

/** Timeout of a report; shorter than the interval between two reports. */
const REPORT_TIMEOUT_MS = 5_000;

/**
 * Creates a {@link UseReport} from Catalog.ReportUse. `node` is the stable name of this data plane.
 * Throws NOT_READY if the control plane is unreachable.
 */
export function createGrpcUseReport(client: CatalogClient, node: string, timeoutMs = REPORT_TIMEOUT_MS): UseReport {
  return {
    async send(uses: readonly ContentUse[], signal: AbortSignal): Promise<void> {
      const request = { node, uses: [...uses] };
      try {
        await unaryCall<ReportUseReply__Output>(
          (options, callback) => client.reportUse(request, options, callback),
          timeoutMs,
          signal,
        );
      } catch (error) {
        throw isServiceError(error) ? fromGrpcError(error, 'NOT_READY') : error;
      }
    },
  };
}
