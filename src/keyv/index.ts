export { keyvSessionStorage, SessionStorageKeyv } from './session-storage-keyv.js';
export type { SessionStorageKeyvOptions } from './session-storage-keyv.js';
export type { KeyvLike } from './keyv-calls.js';
