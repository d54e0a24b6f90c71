import type { TrackedSession, SessionToTrack, StoreResult } from '../../tracker/session-tracker.js';
import { SessionTrackerById } from '../../tracker/session-tracker-by-id.js';
import { SessionTrackerByValue } from '../../tracker/session-tracker-by-value.js';

// Before Ktor 2.3.1 (KTOR-912).

export class SessionTrackerByValueOfEveryResponse<S extends object> extends SessionTrackerByValue<S> {
  override isRenewalDue(_session: TrackedSession<S>): boolean {
    return true;
  }

  override store(session: SessionToTrack<S>): StoreResult<S> {
    return super.store({ ...session, onOwner: undefined, force: true });
  }
}

export class SessionTrackerByIdOfEveryResponse<S extends object> extends SessionTrackerById<S> {
  override isRenewalDue(_session: TrackedSession<S>): boolean {
    return true;
  }

  override async store(session: SessionToTrack<S>): Promise<StoreResult<S>> {
    return super.store({ ...session, force: true });
  }
}
