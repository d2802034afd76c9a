import { describe, expect, it } from '@jest/globals';
import { messageGroupOf } from '../../../lambdas/consolidation/work-queue.ts';
import { ID_PATTERN } from '../../../lambdas/shared/schema/fields.ts';
import { ownerSchema, poolOf } from '../../../lambdas/shared/schema/owners.ts';

describe('the message group of an owner', () => {
  it.each(['market-hunter', 'a'.repeat(128), poolOf('analyst'), poolOf('t'.repeat(123))])(
    'is its name where that fits: %s',
    (owner) => {
      expect(messageGroupOf(owner)).toBe(owner);
    },
  );

  it('is what SQS takes, for the longest names too, and no other owner has it', () => {
    const long = [124, 125, 128].map((length) => poolOf('t'.repeat(length)));
    // Equal for all the characters that SQS takes, and beyond.
    long.push(poolOf(`${'t'.repeat(127)}a`), poolOf(`${'t'.repeat(127)}b`));
    const groups = long.map(messageGroupOf);
    expect(new Set(groups).size).toBe(long.length);
    for (const [i, group] of groups.entries()) {
      expect(ownerSchema.safeParse(long[i]).success).toBe(true);
      expect(group).toMatch(/^[!-~]{1,128}$/);
      expect(group).not.toMatch(ID_PATTERN);
      expect(ownerSchema.safeParse(group).success).toBe(false);
    }
  });
});
