import { Header } from '../../../common/oci/headers';

/**
 * Returns the header that names the data planes through which a request reached the upstream, this
 * one last. An upstream that is Layover too detects loops with it
 * (docs/design/access.md#chains-and-loops).
 */
export function hopHeader(ownId: string | undefined, earlier: readonly string[] = []): Record<string, string> {
  return ownId === undefined ? {} : { [Header.layoverHops.toLowerCase()]: [...earlier, ownId].join(', ') };
}
