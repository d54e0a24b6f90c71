import { rmSync } from 'node:fs';

export default function removePacked() {
  rmSync(process.env.PACKED_FOLDER, { recursive: true, force: true });
}
