import type { TrackedSession, SessionToTrack, StoreResult } from '../../tracker/session-tracker.js';
import { SessionTrackerById } from '../../tracker/session-tracker-by-id.js';
import { SessionTrackerByValue } from '../../tracker/session-tracker-by-value.js';

// Ktor before 2.3.1 sends a loaded session with every response (KTOR-912).

export class SessionTrackerByValueOfEveryResponse<S extends object> extends SessionTrackerByValue<S> {
  override isRenewalDue(_session: TrackedSession<S>): boolean {
    return true;
  }

  override store(session: SessionToTrack<S>): StoreResult<S> {
    return super.store({ ...session, onOwner: undefined, force: true });
  }
}

/** The stored text is unchanged, because Ktor's storages have no expiry. */
export class SessionTrackerByIdOfEveryResponse<S extends object> extends SessionTrackerById<S> {
  override isRenewalDue(_session: TrackedSession<S>): boolean {
    return true;
  }

  override async store(session: SessionToTrack<S>): Promise<StoreResult<S>> {
    return super.store({ ...session, force: true });
  }
}
