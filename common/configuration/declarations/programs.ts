import type { ProgramName } from './setting';

/** Every plane reads the setting. */
export const ALL_PLANES: readonly ProgramName[] = ['edge', 'data-plane', 'control-plane'];
export const EDGE: readonly ProgramName[] = ['edge'];
export const DATA_PLANE: readonly ProgramName[] = ['data-plane'];
export const CONTROL_PLANE: readonly ProgramName[] = ['control-plane'];
