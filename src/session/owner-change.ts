import type { SessionCall } from '../call/session-call.js';

/** Context of a login. */
export interface OwnerChange {
  /** The new owner. */
  readonly owner: string;
  /** The owner before the login, if any. */
  readonly previousOwner: string | undefined;
  /** The request. */
  readonly call: SessionCall;
}

/**
 * Called when a session gets an owner or another owner, before the login takes effect. Merges the visitor's session
 * into the user's. An error rejects the login and keeps the visitor's session.
 *
 * By id, it runs once the login has claimed the visitor's record, so that parallel logins cannot merge it twice: the
 * others get 409 or no `previous`. By value, it runs once per login. It may take 20 seconds, during which the visitor's
 * id is not valid.
 * @param previous a copy of the visitor's session. `undefined` if there was none or if it had another owner.
 * @param next the user's session. Change it, but not its owner.
 */
export type OnOwnerChange<S extends object = object> = OwnerChangeListener<S>['changed'];

// A method is bivariant: listeners of different classes fit into one list.
export interface OwnerChangeListener<S> {
  changed(this: void, previous: S | undefined, next: S, context: OwnerChange): void | Promise<void>;
}
