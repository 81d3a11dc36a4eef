import type { CannedResponse } from '../../fake-registry';
import { errorAnswer } from './refusals';

/** An answer to too many requests. */
export interface LimitForm {
  readonly answer: CannedResponse;
  /** Whether HEAD of manifests is not limited. */
  readonly freeHead?: boolean;
  /** After how many seconds requests are answered again. */
  readonly seconds: number;
}

/**
 * Returns a limit without a time, with this message (OCI distribution specification, "Error
 * Codes").
 */
export function limitWith(message: string): LimitForm {
  return { answer: errorAnswer(429, 'TOOMANYREQUESTS', message), seconds: 60 };
}

/** The limit of registries that document no other form. */
export const SPECIFIED_LIMIT: LimitForm = limitWith('too many requests');
