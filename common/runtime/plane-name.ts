/** The name of a plane, in settings, between planes and in the certificates of planes. */
export type PlaneName = 'edge' | 'data-plane' | 'control-plane';
