import type { ArchiveRecord } from '../../archive/archive-record.ts';
import type { Memory, Revision } from '../memory.ts';

/** A memory as it is before it is changed or deleted. Its day in the archive is the day it was first stored. */
export const archivedMemory = (memory: Memory): ArchiveRecord => ({
  agentId: memory.agentId,
  id: memory.memoryId,
  kind: 'memory',
  timestamp: memory.createdAt,
  key: memory.memoryId,
  version: memory.version,
  record: plain(memory),
});

/** What it was before a change of its author's. */
export const archivedRevision = ({ memory, replacedAt }: Revision): ArchiveRecord => ({
  ...archivedMemory(memory),
  kind: 'revision',
  key: `${memory.memoryId}#revision`,
  record: { ...plain(memory), replacedAt },
});

/** A vector can be made again of the text. */
const plain = ({ vector: _, ...memory }: Memory): ArchiveRecord['record'] => ({ ...memory });
