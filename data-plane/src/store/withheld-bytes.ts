/**
 * Number of bytes at the end of a blob that no client gets before the digest is proven
 * (docs/design/fills.md#withheld-bytes).
 */
export const WITHHELD_BYTES = 64 * 1024;
