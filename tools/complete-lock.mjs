// Adds to package-lock.json the optional packages of other platforms that the registry did not offer when the lock was
// written. npm leaves such packages out, and `npm ci` then refuses the lock, on every platform. Runs after each change
// of the dependencies (package.json, "dependencies" script); where the lock is whole it changes nothing.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './dist.mjs';

const platforms = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openharmony',
  'openbsd',
  'sunos',
  'win32',
];
const processors = ['arm', 'arm64', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];
// What makers of native packages say for a processor in a package's name, where it is not Node's word.
const aliases = { armv7: 'arm', x86: 'ia32' };

/** `@swc/core-linux-arm64-musl` is for os linux, cpu arm64, libc musl. `undefined` for a name that says no platform. */
function platformOf(name) {
  const words = name.split(/[/-]/);
  const os = words.find((word) => platforms.includes(word));
  const cpu = words.map((word) => aliases[word] ?? word).find((word) => processors.includes(word));
  if (os === undefined || cpu === undefined) return undefined;
  if (os !== 'linux') return { cpu: [cpu], os: [os] };
  return { cpu: [cpu], libc: [words.some((word) => word.startsWith('musl')) ? 'musl' : 'glibc'], os: [os] };
}

/** The places where npm looks for a dependency of the package at `path`, nearest first. */
function placesOf(path, name) {
  const places = [];
  for (let folder = path; ; folder = folder.slice(0, Math.max(folder.lastIndexOf('/node_modules/'), 0))) {
    places.push(`${folder}${folder === '' ? '' : '/'}node_modules/${name}`);
    if (folder === '') return places;
  }
}

function missing(packages) {
  const found = {};
  for (const [path, entry] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const platform = /^\d+\.\d+\.\d+/.test(version) ? platformOf(name) : undefined;
      if (platform === undefined || placesOf(path, name).some((place) => packages[place] !== undefined)) continue;
      found[`node_modules/${name}`] = { version, ...platform, ...(entry.dev ? { dev: true } : {}), optional: true };
    }
  }
  return found;
}

const file = join(root, 'package-lock.json');
if (existsSync(file)) {
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const added = missing(lock.packages);
  if (Object.keys(added).length > 0) {
    const [[top, project], ...entries] = Object.entries({ ...lock.packages, ...added });
    entries.sort(([one], [other]) => (one < other ? -1 : 1));
    lock.packages = { [top]: project, ...Object.fromEntries(entries) };
    writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  }
}
