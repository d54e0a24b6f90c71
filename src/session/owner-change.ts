import type { SessionCall } from '../call/session-call.js';

/** What there is to know of a login besides the two sessions. */
export interface OwnerChange {
  /** Who signs in. */
  readonly owner: string;
  /** Who was signed in before; `undefined`: nobody. */
  readonly previousOwner: string | undefined;
  /** The headers of the request. */
  readonly call: SessionCall;
}

/**
 * Called when a session gets an owner, or another one, before the login counts: joins what a visitor had with what the
 * user has. What it throws refuses the login, and the session from before stays.
 *
 * By id it runs when this login has taken the visitor's record: each visitor's session is given to one login, however
 * many race for it, and to another only after that one failed. The others are answered with 409, or get no `previous`.
 * By value it runs once for each login. It may take 20 seconds; the visitor's id gives no session meanwhile.
 * @param previous what the visitor's session held: a copy. `undefined` where there was none, and where somebody else was
 *   signed in, whose content is not the user's.
 * @param next the session of who signs in. Change it, but not its owner.
 */
export type OnOwnerChange<S extends object = object> = OwnerChangeListener<S>['changed'];

// A method, so that functions of different sessions fit into one list.
export interface OwnerChangeListener<S> {
  changed(this: void, previous: S | undefined, next: S, context: OwnerChange): void | Promise<void>;
}
