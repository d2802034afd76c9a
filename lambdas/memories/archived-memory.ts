import type { ArchiveRecord } from '../shared/archive-record.ts';
import type { Memory } from './memory.ts';

/** The archived form of a memory: all but its embedding, as a read by its id showed it at that version. */
export function archivedMemory(memory: Memory): ArchiveRecord {
  const { vector: _vector, ...record } = memory;
  const { agentId, memoryId, createdAt, version } = memory;
  const userId = memory.provenance?.userId;
  return {
    agentId,
    id: memoryId,
    kind: 'memory',
    timestamp: createdAt,
    key: memoryId,
    version,
    record,
    ...(userId !== undefined && { userId }),
  };
}
