import { ManualClock } from './manual-clock';

/** A clock that a test moves and that calls nothing back: what is done now and then is not done by itself. */
export class StillClock extends ManualClock {
  override after(): () => void {
    return () => undefined;
  }
}
