// Knows every operation that was acknowledged, and judges by that what the application shows later.

/** What an answer says about an operation. */
export function outcomeOf(status) {
  if (status === undefined) return 'unanswered';
  if (status < 300) return 'done';
  if (status === 503) return 'unavailable';
  return status < 500 ? 'refused' : 'failed';
}

/** A session as its browser knows it. */
export class KnownSession {
  constructor(user, tag) {
    this.user = user;
    this.tag = tag;
    this.owner = undefined;
    /** Marks that were acknowledged: they must be there. */
    this.acknowledged = new Set();
    /** Marks that were sent: no others may be there. */
    this.sent = new Set();
    /** A logout, a revocation or a login without an answer concerned it: it may be gone, now or later. */
    this.mayBeGone = false;
  }
}

const COUNTS = ['operations', 'unavailable', 'unanswered', 'refused', 'failed', 'lost', 'revived', 'foreign', 'ghosts'];

export class Oracle {
  constructor() {
    this.counts = Object.fromEntries(COUNTS.map((name) => [name, 0]));
    /** What went wrong, in words. */
    this.findings = [];
  }

  /** Counts an answer. @returns its outcome. */
  answered(status) {
    const outcome = outcomeOf(status);
    this.counts[outcome === 'done' ? 'operations' : outcome]++;
    return outcome;
  }

  find(kind, text) {
    this.counts[kind]++;
    this.findings.push(`${kind}: ${text}`);
  }

  /** A change: one mark more. @returns whether the session is still there. */
  changed(session, mark, status) {
    session.sent.add(mark);
    const outcome = this.answered(status);
    if (outcome === 'done') session.acknowledged.add(mark);
    return status === 401 ? this.#missing(session, `change of ${session.tag} was refused as signed out`) : true;
  }

  /** A sign-out of this session alone. @returns whether the session has ended. */
  loggedOut(session, status) {
    const outcome = this.answered(status);
    if (outcome !== 'done') session.mayBeGone = true;
    return outcome === 'done';
  }

  /** A revocation of all sessions of a user. @returns whether they have ended. */
  revoked(sessions, status) {
    const outcome = this.answered(status);
    if (outcome !== 'done') for (const session of sessions) session.mayBeGone = true;
    return outcome === 'done';
  }

  /**
   * A login, from `before` or from nothing.
   * @returns the new session, or `undefined`: then `before` must be there as it was, unless there was no answer.
   */
  loggedIn(user, tag, before, status) {
    const outcome = this.answered(status);
    if (outcome !== 'done') {
      if (before && outcome === 'unanswered') before.mayBeGone = true;
      return undefined;
    }
    const session = new KnownSession(user, tag);
    session.owner = user;
    for (const mark of before?.acknowledged ?? []) session.acknowledged.add(mark);
    for (const mark of before?.sent ?? []) session.sent.add(mark);
    return session;
  }

  /**
   * A new id for a session.
   * @param isMoved whether the browser got another cookie.
   * @returns whether the session is still there.
   */
  regenerated(session, status, isMoved) {
    const outcome = this.answered(status);
    if (outcome === 'unanswered') session.mayBeGone = true;
    if (outcome === 'done' || !isMoved) return true;
    return this.#missing(session, `a failed change of its id took the cookie of ${session.tag}`);
  }

  /** What a browser was shown with the cookie of a session that has not ended. @returns whether it is still there. */
  read(session, shown) {
    if (shown.anonymous) return this.#missing(session, `${session.tag} is not there`);
    if (shown.tag !== session.tag || shown.owner !== session.owner) {
      this.find('foreign', `${session.tag} of ${session.owner} reads as ${shown.tag} of ${shown.owner}`);
      return true;
    }
    const marks = new Set(shown.marks);
    for (const mark of session.acknowledged) {
      if (marks.has(mark)) continue;
      this.find('lost', `${mark} of ${session.tag}`);
      session.acknowledged.delete(mark);
    }
    for (const mark of marks) {
      if (session.sent.has(mark)) session.acknowledged.add(mark);
      else this.find('foreign', `${mark} in ${session.tag}`);
    }
    if (marks.size < shown.marks.length) this.find('foreign', `a mark twice in ${session.tag}`);
    return true;
  }

  /** What is shown with the cookie of a session whose end was acknowledged. */
  readEnded(session, shown) {
    if (!shown.anonymous) this.find('revived', `${session.tag} reads after its end`);
  }

  /**
   * An owner's list, beside the sessions that browsers have. One that is used and not listed is a ghost.
   * @returns tags of sessions without a cookie that will live longer than a minute, if nothing ends them: what a failed
   *   login has left is ended as soon as the storage takes that.
   */
  listed(user, sessions, entries, { now, leniency = 0, limit = Number.POSITIVE_INFINITY, excused = new Set() }) {
    const tags = new Set(sessions.map(({ tag }) => tag));
    const lasting = entries.filter(({ expiresAt }) => expiresAt > now + 61_000 + leniency);
    const found = new Set(entries.map(({ tag }) => tag));
    for (const session of sessions) {
      if (!found.has(session.tag) && !session.mayBeGone) this.find('ghosts', `${session.tag} is not listed`);
    }
    const without = lasting.flatMap(({ tag }) => (tags.has(tag) || excused.has(tag) ? [] : [tag]));
    const count = lasting.length - without.length;
    if (count > limit) this.find('ghosts', `${user} has ${count} sessions`);
    return without;
  }

  #missing(session, text) {
    if (!session.mayBeGone) this.find('lost', text);
    return false;
  }
}
