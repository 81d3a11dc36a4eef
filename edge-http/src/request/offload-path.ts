/** Where nginx has the internal locations of files that it sends in place of the edge (ADR 48). */
export const OFFLOAD_PATH = '/layover-offload/';
