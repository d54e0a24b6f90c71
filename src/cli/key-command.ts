import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkedKeyMaterial } from '../keys/key-material.js';
import { CliFailure } from './cli-failure.js';

export function keyCommand(args: readonly string[]): string {
  const { values } = parseArgs({
    args: [...args],
    options: { append: { type: 'string' }, name: { type: 'string', default: 'SESSION_KEY' } },
  });
  const { append, name } = values;
  if (!/^[A-Za-z_]\w*$/.test(name)) throw new CliFailure('--name must be a valid name of an environment variable.');
  if (append === undefined) return newKey();
  appendTo(append, name);
  return `Added ${name} to ${append}. Keep the file out of version control.`;
}

/** No command line may parse it as an option. */
function newKey(): string {
  for (;;) {
    const key = randomBytes(32).toString('base64url');
    try {
      checkedKeyMaterial(key, 'key');
      if (!key.startsWith('-')) return key;
    } catch {
      // It contains a placeholder word.
    }
  }
}

function appendTo(file: string, name: string): void {
  const present = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`, 'm').test(present)) {
    throw new CliFailure(
      `${name} is already in ${file}. Replacing it would end all sessions. To rotate, add a second key: ` +
        `nestjs-sessions key --append ${file} --name ${name}_NEXT, then keys: [process.env.${name}_NEXT, process.env.${name}].`,
    );
  }
  const separator = present === '' || present.endsWith('\n') ? '' : '\n';
  writeFileSync(file, `${present}${separator}${name}=${newKey()}\n`, { mode: 0o600 });
}
