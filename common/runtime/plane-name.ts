/** Name of a plane in settings, certificates and calls between planes. */
export type PlaneName = 'edge' | 'data-plane' | 'control-plane';
