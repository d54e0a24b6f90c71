// A small disk, if this process may mount one.
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** For the files of a session storage. */
const SMALL = '16m';
/** For the data of a server: slightly more than an empty one needs. */
const LARGE = '160m';
const CHUNK = Buffer.alloc(65_536, 1);

/** @param isOfServer whether it holds a server's data. @returns whether `folder` is now a separate disk. */
export function mountDisk(folder, isOfServer) {
  // The server may run as another user.
  const options = isOfServer ? `size=${LARGE},mode=755` : `size=${SMALL},mode=700`;
  return spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]).status === 0;
}

export function unmountDisk(folder) {
  spawnSync('umount', ['-l', folder], { stdio: 'ignore' });
}

/** Writes until the disk is full. */
export function fillDisk(folder) {
  const file = openSync(join(folder, 'filler'), 'a');
  try {
    for (let size = CHUNK.length; size >= 1;) {
      try {
        if (writeSync(file, CHUNK, 0, size) < size) size >>= 1;
      } catch {
        size >>= 1;
      }
    }
  } finally {
    closeSync(file);
  }
}

export function emptyDisk(folder) {
  rmSync(join(folder, 'filler'), { force: true });
}
