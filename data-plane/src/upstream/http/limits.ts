/**
 * Largest headers of a response, in bytes (docs/design/access.md#bounded-bodies). Google Artifact
 * Registry has sent 21 KB.
 */
export const MAX_HEADER_BYTES = 64 * 1024;
