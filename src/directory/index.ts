export {
  directorySessionStorage,
  SessionStorageDirectory,
  type DirectorySessionStorageOptions,
  type SessionStorageDirectoryOptions,
} from './session-storage-directory.js';
