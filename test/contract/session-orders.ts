import {
  exploreSessionRequests,
  requestsOf,
  type SessionRequests,
} from '../../src/testing/interleavings/explore-session-requests.js';
import type { RequestKind } from '../../src/testing/interleavings/session-algorithm.js';
import { trackerAlgorithm, trackerAlgorithmWithGrace } from '../../src/testing/interleavings/tracker-algorithm.js';

const CHANGES: readonly RequestKind[] = ['change', 'touch', 'logout', 'rotate', 'login', 'revoke'];
const ALL: readonly RequestKind[] = ['read', ...CHANGES];

/** Every two requests that a storage with versions and owners can be asked for at the same time. */
export const pairs = requestsOf(ALL, 2);

/**
 * Three at the same time: all that differ from each other, and changes with what they race against. A read changes
 * nothing, so that among three it would only repeat what two have shown.
 */
export const triples: ReadonlyArray<readonly RequestKind[]> = [
  ...requestsOf(CHANGES, 3).filter((requests) => new Set(requests).size === 3),
  ['change', 'change', 'change'],
  ['change', 'change', 'logout'],
  ['change', 'change', 'rotate'],
  ['change', 'change', 'revoke'],
];

const ENDS_OR_MOVES: ReadonlySet<RequestKind> = new Set(['logout', 'rotate', 'login']);

/**
 * A tenth of the orders of {@link triples}, for engines behind a connection: those with a `revoke`, which is several
 * steps to some, and those in which at most one request ends or moves the session. An end that follows moves takes
 * thousands of orders of the same few kinds of steps.
 */
export const fewerTriples = triples.filter(
  (requests) => requests.includes('revoke') || requests.filter((kind) => ENDS_OR_MOVES.has(kind)).length <= 1,
);

/** The part of {@link pairs} that `npm test` runs over servers: those with a `revoke`. */
export const fewerPairs = pairs.filter((requests) => requests.includes('revoke'));

/** The part where each command is a step, which gives the most orders. */
export const pairsByCommand: ReadonlyArray<readonly RequestKind[]> = [
  ['change', 'revoke'],
  ['touch', 'revoke'],
  ['logout', 'revoke'],
];

/** Those with a `revoke` that have fewer than a thousand orders where each command to a server is a step. */
export const triplesByCommand: ReadonlyArray<readonly RequestKind[]> = [
  ['change', 'change', 'revoke'],
  ['change', 'touch', 'revoke'],
  ['change', 'logout', 'revoke'],
  ['touch', 'logout', 'revoke'],
];

/** What is run under faults: {@link CHANGES}, and what others do to a session. */
const UNDER_FAULTS: readonly RequestKind[] = [...CHANGES, 'revoke-one', 'limit'];

/** Every two requests that are run under faults, but for two with `limit`, of which there are too many orders. */
export const faultyPairs = requestsOf(['read', ...UNDER_FAULTS], 2).filter((kinds) => kinds.join() !== 'limit,limit');

/** A revocation of all sessions as applications do it, and every other request. */
export const withRevokeAll: ReadonlyArray<readonly RequestKind[]> = [...UNDER_FAULTS, 'revoke-all' as const].map(
  (kind) => [kind, 'revoke-all'],
);

/** Every three. */
export const faultyTriples = requestsOf(UNDER_FAULTS, 3);

const SHORT: ReadonlySet<RequestKind> = new Set(['change', 'touch', 'revoke']);

/** Those with at most one that ends or moves the session by several calls. */
export const fewerFaultyTriples = faultyTriples.filter((kinds) => kinds.filter((kind) => !SHORT.has(kind)).length <= 1);

/** The tracker that applications use, and all that it promises over a storage with versions. */
export const byTracker = { algorithm: trackerAlgorithm, promise: 'everything' } as const;

/** The same, where an id from before a rotation gives the session for some seconds. */
export const byTrackerWithGrace = { algorithm: trackerAlgorithmWithGrace, promise: 'grace' } as const;

/** What may happen while a page's requests rotate the id. A touch comes two days later, after the grace period. */
const AROUND_ROTATIONS: readonly RequestKind[] = ['read', 'change', 'logout', 'rotate', 'login', 'revoke'];

/** Every two requests of which one rotates the id. */
export const pairsAroundRotation = requestsOf(AROUND_ROTATIONS, 2).filter((kinds) => kinds.includes('rotate'));

/** Three requests of which one rotates the id, as far as they have fewer than 6,000 orders. */
export const triplesAroundRotation = requestsOf(AROUND_ROTATIONS, 3).filter(
  (kinds) => kinds.includes('rotate') && (kinds.includes('read') || kinds.includes('revoke')),
);

/** Those of them that have fewer than a thousand. */
export const fewerTriplesAroundRotation = triplesAroundRotation.filter(
  (kinds) => !['read,logout,rotate', 'read,rotate,rotate'].includes(kinds.join()),
);

/** Runs each of these requests in every order of their steps. @returns how many orders were run. */
export async function explored(
  all: ReadonlyArray<readonly RequestKind[]>,
  options: Omit<SessionRequests, 'requests'>,
): Promise<number> {
  let orders = 0;
  for (const requests of all) {
    try {
      orders += (await exploreSessionRequests({ ...options, requests })).orders;
    } catch (error) {
      throw new Error(`${requests.join(', ')}: ${(error as Error).message}`, { cause: error });
    }
  }
  return orders;
}
