// Records every acknowledged operation, and checks later responses against it.

/** The outcome of an operation. */
export function outcomeOf(status) {
  if (status === undefined) return 'unanswered';
  if (status < 300) return 'done';
  if (status === 503) return 'unavailable';
  return status < 500 ? 'refused' : 'failed';
}

/** The browser's view of a session. */
export class KnownSession {
  constructor(user, tag) {
    this.user = user;
    this.tag = tag;
    this.owner = undefined;
    /** Acknowledged marks, which must exist. */
    this.acknowledged = new Set();
    /** Sent marks; no others may exist. */
    this.sent = new Set();
    /** Set after a logout, revocation or login without an answer: the session may end at any time. */
    this.mayBeGone = false;
  }
}

const COUNTS = ['operations', 'unavailable', 'unanswered', 'refused', 'failed', 'lost', 'revived', 'foreign', 'ghosts'];

export class Oracle {
  constructor() {
    this.counts = Object.fromEntries(COUNTS.map((name) => [name, 0]));
    /** Descriptions of the errors. */
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

  /** A change, which adds a mark. @returns whether the session still exists. */
  changed(session, mark, status) {
    session.sent.add(mark);
    const outcome = this.answered(status);
    if (outcome === 'done') session.acknowledged.add(mark);
    return status === 401 ? this.#missing(session, `change of ${session.tag} was refused as signed out`) : true;
  }

  /** A sign-out of this session only. @returns whether the session has ended. */
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
   * A login, with or without a previous session. @returns the new session, or `undefined`: then `before` must be
   * unchanged, unless there was no answer.
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
   * A rotation of the id. @param isMoved whether the browser got a new cookie. @returns whether the session still
   * exists.
   */
  regenerated(session, status, isMoved) {
    const outcome = this.answered(status);
    if (outcome === 'unanswered') session.mayBeGone = true;
    if (outcome === 'done' || !isMoved) return true;
    return this.#missing(session, `a failed change of its id took the cookie of ${session.tag}`);
  }

  /** Checks a response for a session that has not ended. @returns whether it still exists. */
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

  /** Checks a response for a session whose end was acknowledged. */
  readEnded(session, shown) {
    if (!shown.anonymous) this.find('revived', `${session.tag} reads after its end`);
  }

  /**
   * Compares an owner's list with the sessions of the browsers. A used session that is not listed is a ghost. @returns
   * tags of sessions without a cookie that may live longer than a minute; those of failed logins end as soon as the
   * storage accepts it.
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
