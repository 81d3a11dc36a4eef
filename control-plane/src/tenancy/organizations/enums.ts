/** Who may pull. */
export const Visibility = { PUBLIC: 'PUBLIC', PRIVATE: 'PRIVATE' } as const;
export type Visibility = (typeof Visibility)[keyof typeof Visibility];

/** What happens to a cached tag that the upstream has deleted. */
export const UpstreamDeletePolicy = { PROPAGATE: 'PROPAGATE', KEEP: 'KEEP' } as const;
export type UpstreamDeletePolicy = (typeof UpstreamDeletePolicy)[keyof typeof UpstreamDeletePolicy];

/** What happens to an image that does not fit into the quota. */
export const OversizePolicy = { PASS_THROUGH: 'PASS_THROUGH', OVERFLOW: 'OVERFLOW', REJECT: 'REJECT' } as const;
export type OversizePolicy = (typeof OversizePolicy)[keyof typeof OversizePolicy];
