export { createExpressStore } from './create-express-store.js';
export type { ExpressStoreOptions } from './create-express-store.js';
export { expressSessionStorage, SessionStorageExpress } from './session-storage-express.js';
export type { ExpressSessionStore, SessionStorageExpressOptions } from './session-storage-express.js';
