import type { ArchiveRecord } from '../../../lambdas/shared/archive-record.ts';

/** A record of agent `a` made at a time, named by a number. */
export const recordAt = (timestamp: string, n: number, more: Partial<ArchiveRecord> = {}): ArchiveRecord => ({
  agentId: 'a',
  id: `D-${n}`,
  kind: 'decision',
  timestamp,
  key: `D-${n}`,
  version: 1,
  record: { n, text: 'ä\nb' },
  ...more,
});
