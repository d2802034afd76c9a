import type { ArchiveRecord } from '../archive/archive-record.ts';
import type { Memory } from './memory.ts';

/** What of a memory is archived: everything but its embedding, as a read by its id showed it at that version. */
export function archivedMemory(memory: Memory): ArchiveRecord {
  const { vector: _vector, ...record } = memory;
  const { agentId, memoryId, createdAt, version } = memory;
  return { agentId, id: memoryId, kind: 'memory', timestamp: createdAt, key: memoryId, version, record };
}
