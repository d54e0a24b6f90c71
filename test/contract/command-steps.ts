import type { SessionStorage } from 'nestjs-sessions';
import type { SessionRequests } from '../../src/testing/interleavings/explore-session-requests.js';

/** Sends one command to a server; what it is and what comes back is between the client and the storage. */
export type Send = (command: readonly unknown[]) => Promise<any>;

export interface CommandSteps {
  /** Called before each order: takes away what was there. */
  readonly empty: () => unknown;
  readonly send: Send;
  /** Whether a command changes nothing. */
  readonly isReading: (command: readonly unknown[]) => boolean;
  /** The storage to be explored; what it sends is one step each. */
  readonly storageOver: (send: Send) => SessionStorage;
}

/**
 * Makes the steps of an exploration the commands that a storage sends, instead of the calls that it gets: one call can
 * be several commands, and other processes come in between.
 */
export function commandSteps({
  empty,
  send,
  isReading,
  storageOver,
}: CommandSteps): Pick<SessionRequests, 'open' | 'through' | 'processes'> {
  // The explorer lets the calls of a storage wait for their turn, so commands go through one with a call for those
  // that read and one for the others.
  const sent = (command: string) => send(JSON.parse(command) as unknown[]);
  const commands = { read: sent, invalidate: sent };
  return {
    async open() {
      await empty();
      return { storage: commands as unknown as SessionStorage };
    },
    through: (gated) =>
      storageOver((command) => gated[isReading(command) ? 'read' : 'invalidate'](JSON.stringify(command))),
    processes: 'several',
  };
}
