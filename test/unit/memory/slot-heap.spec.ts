import * as fc from 'fast-check';
import { SlotHeap } from '../../../src/memory/slot-heap.js';

const slot = fc.integer({ min: 0, max: 100 });
const key = fc.integer({ min: 0, max: 20 });

describe('SlotHeap', () => {
  it('has no first slot if it is empty', () => {
    expect(new SlotHeap().first).toBe(-1);
  });

  it('returns the smallest key after any sequence of changes', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('put' as const), slot, key }),
      fc.record({ do: fc.constant('put' as const), slot, key }),
      fc.record({ do: fc.constant('remove' as const), slot, key }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const heap = new SlotHeap();
        const model = new Map<number, number>();
        for (const now of steps) {
          if (now.do === 'remove') {
            if (model.delete(now.slot)) heap.remove(now.slot);
          } else {
            if (model.has(now.slot)) heap.move(now.slot, now.key);
            else heap.add(now.slot, now.key);
            model.set(now.slot, now.key);
          }
          expect(heap.size).toBe(model.size);
          if (model.size > 0) expect(heap.keyOf(heap.first)).toBe(Math.min(...model.values()));
        }
        const keys = [...model.values()].sort((left, right) => left - right);
        for (const expected of keys) {
          expect(heap.keyOf(heap.first)).toBe(expected);
          heap.remove(heap.first);
        }
        expect(heap.first).toBe(-1);
      }),
      { numRuns: 300 },
    );
  });
});
