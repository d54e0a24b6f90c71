// Packs the package once for all consumers; `npm pack` builds it if needed.
import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function pack() {
  const folder = mkdtempSync(join(tmpdir(), 'nestjs-sessions-'));
  const output = execFileSync('npm', ['pack', '--silent', '--pack-destination', folder], { encoding: 'utf8' });
  const tarball = output.trim().split('\n').at(-1);
  process.env.PACKED_FOLDER = folder;
  process.env.PACKED_TARBALL = join(folder, tarball);
}
