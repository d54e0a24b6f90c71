// Measures the building blocks: answers `measure` with rows `{ group, action, name, size?, microseconds }`.
import { answer } from '../lib/answer.mjs';
import { cookiesAndIds } from './cookies-and-ids.mjs';
import { microseconds } from './measure.mjs';
import { protectors } from './protectors.mjs';
import { serializers } from './serializers.mjs';

const GROUPS = [
  ...['small', 'large'].map((size) => ({ group: 'serializer', size, blocks: () => serializers(size) })),
  ...['small', 'large'].map((size) => ({ group: 'protection', size, blocks: () => protectors(size) })),
  { group: 'cookies and ids', blocks: cookiesAndIds },
];

async function measure() {
  const rows = [];
  for (const { group, size, blocks } of GROUPS) {
    for (const [action, name, run, asynchronous] of await blocks()) {
      rows.push({
        group,
        action,
        name,
        ...(size ? { size } : {}),
        microseconds: await microseconds(run, asynchronous),
      });
    }
  }
  return rows;
}

answer({ measure });
