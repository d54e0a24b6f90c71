import type { SessionCall } from '../call/session-call.js';

/** Context of a login. */
export interface OwnerChange {
  readonly owner: string;
  /** Before the login, if any. */
  readonly previousOwner: string | undefined;
  readonly call: SessionCall;
}

/**
 * Called before a session gets an owner, to merge the visitor's session into the user's. An error rejects the login. By
 * id, parallel logins cannot merge a session twice. It may take 20 seconds.
 * @param previous a copy of the visitor's session. `undefined` if there was none or it had another owner.
 * @param next the user's session. Change it, but not its owner.
 */
export type OnOwnerChange<S extends object = object> = OwnerChangeListener<S>['changed'];

// A method is bivariant: listeners of different classes fit one list.
export interface OwnerChangeListener<S> {
  changed(this: void, previous: S | undefined, next: S, context: OwnerChange): void | Promise<void>;
}
