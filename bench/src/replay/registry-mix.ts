/**
 * A mix of requests that follows production registries: the traces that IBM published with
 * Anwar et al., "Improving Docker Registry Design based on Production Workload Analysis", 16th
 * USENIX Conference on File and Storage Technologies (FAST '18),
 * https://www.usenix.org/conference/fast18/presentation/anwar.
 *
 * No figure is read from the paper itself. The counts of the complete archive are those of others:
 * https://github.com/pinkysworld/redulink-deduplex-quic (results/
 * ibm_registry_trace_residency_v3_17.json: 40,872,024 records), and the others are counted in the
 * excerpt of https://github.com/tstromberg/gocachemark (internal/trace/testdata/
 * ibm_docker_trace_725k.csv.zst: 725,242 GET requests).
 */
export const REGISTRY_MIX = {
  /** Share of HEAD in all reads: 4,512,788 HEAD and 32,272,717 GET requests (complete archive). */
  headShare: 4_512_788 / (4_512_788 + 32_272_717),
  /** What GET requests are for (excerpt). `ping` is `GET /v2/`. */
  gets: { blob: 259_274, manifest: 132_610, ping: 333_358 },
  /**
   * Exponents of the Zipf laws that fit the number of requests for each object best (maximum
   * likelihood, excerpt).
   */
  zipf: { blob: 0.86, manifest: 1.18 },
  /**
   * Sizes of layers: the share of layers up to a size in bytes. 65 percent are below 1 MB and 80
   * percent below 10 MB (as a citation of the paper says). Of the requested blobs, 5.86 percent
   * are above 64 MiB and 0.56 percent above 256 MiB (complete archive: 741,178 and 70,803 of
   * 12,657,108). Between these points, sizes are spread evenly on a logarithmic scale. The
   * smallest and the largest size are chosen: the traces have none, and larger blobs than 256 MiB
   * would fill the disk of a small machine. The mean of these sizes is 14.1 MB; that of the
   * requested blobs in the archive is 14.0 MB.
   */
  sizes: [
    { share: 0, bytes: 4096 },
    { share: 0.65, bytes: 1e6 },
    { share: 0.8, bytes: 10e6 },
    { share: 0.9414, bytes: 64 * 1024 * 1024 },
    { share: 0.9944, bytes: 256 * 1024 * 1024 },
    { share: 1, bytes: 256 * 1024 * 1024 },
  ],
} as const;

/** Returns the size in bytes that a share of all layers does not exceed. The share is 0 to 1. */
export function layerBytesAt(share: number): number {
  const { sizes } = REGISTRY_MIX;
  const next = sizes.findIndex((point) => point.share >= share);
  const above = sizes[next]!;
  const below = sizes[Math.max(0, next - 1)]!;
  if (above.share === below.share) return above.bytes;
  const part = (share - below.share) / (above.share - below.share);
  return below.bytes * (above.bytes / below.bytes) ** part;
}
