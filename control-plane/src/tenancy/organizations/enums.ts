import { registerEnumType } from 'type-graphql';

/** Who may pull. */
export const Visibility = { PUBLIC: 'PUBLIC', PRIVATE: 'PRIVATE' } as const;
export type Visibility = (typeof Visibility)[keyof typeof Visibility];
registerEnumType(Visibility, {
  name: 'Visibility',
  description: 'Who may pull from an organization.',
  valuesConfig: { PUBLIC: { description: 'Anyone.' }, PRIVATE: { description: 'Its robots.' } },
});

/** What happens to a cached tag that upstream no longer has. */
export const UpstreamDeletePolicy = { PROPAGATE: 'PROPAGATE', KEEP: 'KEEP' } as const;
export type UpstreamDeletePolicy = (typeof UpstreamDeletePolicy)[keyof typeof UpstreamDeletePolicy];
registerEnumType(UpstreamDeletePolicy, {
  name: 'UpstreamDeletePolicy',
  description: 'What happens to a cached tag that upstream no longer has.',
  valuesConfig: {
    PROPAGATE: { description: 'Pulls are answered 404.' },
    KEEP: { description: 'It is served until it expires.' },
  },
});

/** What happens to an image that doesn't fit into the quota. */
export const OversizePolicy = { PASS_THROUGH: 'PASS_THROUGH', OVERFLOW: 'OVERFLOW', REJECT: 'REJECT' } as const;
export type OversizePolicy = (typeof OversizePolicy)[keyof typeof OversizePolicy];
registerEnumType(OversizePolicy, {
  name: 'OversizePolicy',
  description: 'What happens to an image that does not fit into the quota.',
  valuesConfig: {
    PASS_THROUGH: { description: 'It is passed on and not kept.' },
    OVERFLOW: { description: 'It is kept anyway.' },
    REJECT: { description: 'The pull is refused.' },
  },
});
