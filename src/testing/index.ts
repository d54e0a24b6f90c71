export { FakeClock } from './fake-clock.js';
export { sessionStorageContract } from './session-storage.contract.js';
export type {
  ContractRunner,
  DeclareTest,
  SessionStorageContractOptions,
  StorageCapability,
} from './session-storage.contract.js';
export { sessionFaultsContract, type SessionFaultsContractOptions } from './session-faults.contract.js';
export type { StorageFaults, StorageUnderTest } from './contract/contract-bench.js';
export { exploreInterleavings } from './interleavings/explore-interleavings.js';
export type {
  Explored,
  Interleavings,
  OpenedStorage,
  OrderSample,
  Outcome,
} from './interleavings/explore-interleavings.js';
export { exploreSessionRequests, requestsOf } from './interleavings/explore-session-requests.js';
export type { SessionRequests } from './interleavings/explore-session-requests.js';
export { referenceSessionAlgorithm } from './interleavings/reference-session-algorithm.js';
export type {
  RequestKind,
  SessionAlgorithm,
  SessionAnswer,
  SessionRequest,
} from './interleavings/session-algorithm.js';
export type { ApplicationUnderTest } from './application/application.js';
export { endedSession, expiredSession, sessionCookie, type SessionHeaders } from './application/session-cookie.js';
export { sessionOf } from './application/session-of.js';
export type { ResponseHeaders, SessionHolder, SupertestJar, ToughJar } from './application/held-headers.js';
export { sessionMatchers, type MatcherResult, type SessionMatchers } from './application/session-matchers.js';
export {
  SessionsTestingModule,
  sessionsTestingOptions,
  type SessionsTestingDefinition,
  type SessionsTestingOptions,
} from './application/sessions-testing.module.js';
export type { CallOutcome, Faults } from './interleavings/call-outcome.js';
export { trackerAlgorithm } from './interleavings/tracker-algorithm.js';
