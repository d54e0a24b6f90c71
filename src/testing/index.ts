export { FakeClock } from './fake-clock.js';
export { sessionStorageContract } from './session-storage.contract.js';
export type {
  ContractRunner,
  DeclareTest,
  SessionStorageContractOptions,
  StorageCapability,
} from './session-storage.contract.js';
export type { StorageFaults, StorageUnderTest } from './contract/contract-bench.js';
