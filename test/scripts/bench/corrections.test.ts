import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { benjaminiHochberg } from '../../../scripts/bench/patterns/corrections.ts';

describe('Benjamini–Hochberg q-values', () => {
  it('agrees with the worked example of the 1995 paper', () => {
    const p = [
      0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.324, 0.4262, 0.5719, 0.6528,
      0.759, 1,
    ];
    const q = benjaminiHochberg(p);
    expect(q.filter((value) => value <= 0.05)).toHaveLength(4);
    expect(q[0]).toBeCloseTo(0.0015, 12);
    expect(q[3]).toBeCloseTo(0.035625, 12);
    // 0.0298·15/7 is less than 0.0278·15/6
    expect(q[5]).toBeCloseTo(0.0638571, 6);
  });

  it('does not depend on the order, never lies below p, and rises with p', () => {
    const pValue = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(pValue, { minLength: 1, maxLength: 40 }), (p) => {
        const q = benjaminiHochberg(p);
        expect(benjaminiHochberg([...p].reverse())).toEqual(q.toReversed());
        p.forEach((a, i) => {
          expect(q[i]).toBeGreaterThanOrEqual(a);
          p.forEach((b, j) => {
            if (a <= b) expect(q[i]).toBeLessThanOrEqual(q[j]!);
          });
        });
      }),
    );
  });
});
