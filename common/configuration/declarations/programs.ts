import type { ProgramName } from './setting';

/** Readers of a setting that applies to every plane. */
export const ALL_PLANES: readonly ProgramName[] = ['edge', 'data-plane', 'control-plane'];
export const NPM_START: readonly ProgramName[] = ['npm start'];
export const EDGE: readonly ProgramName[] = ['edge'];
export const DATA_PLANE: readonly ProgramName[] = ['data-plane'];
export const CONTROL_PLANE: readonly ProgramName[] = ['control-plane'];
