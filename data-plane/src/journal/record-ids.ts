import { v7 } from 'uuid';
import type { Clock } from '../../../common/runtime/clock';

/** What a record gets when it is taken in. */
export interface RecordStamp {
  /** UUID version 7 (RFC 9562, section 5.7): later ones sort behind earlier ones, also within a millisecond and when the clock goes back. */
  readonly id: string;
  /** The clock's time, milliseconds since the epoch. */
  readonly at: number;
}

/** Stamps for the records of one journal. */
export function createRecordStamps(clock: Clock): () => RecordStamp {
  let latest = 0;
  let sequence = 0;
  return () => {
    const at = clock.now();
    if (at > latest) {
      latest = at;
      sequence = 0;
    } else {
      sequence += 1;
    }
    return { id: v7({ msecs: latest, seq: sequence }), at };
  };
}
