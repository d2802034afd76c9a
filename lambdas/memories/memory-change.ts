import { canonicalJson } from '../shared/platform/ids.ts';
import {
  type Memory,
  type MemoryContent,
  type MemoryOutcome,
  type MemoryType,
  type Metadata,
  type Provenance,
  renderContent,
} from './memory.ts';

export interface NewMemory {
  readonly memoryType: MemoryType;
  /** @default that of the type */
  readonly category?: string;
  readonly content: MemoryContent;
  /** @default the content in words */
  readonly text?: string;
  readonly tags?: readonly string[];
  /** @default the category's */
  readonly importance?: number;
  readonly metadata?: Metadata;
  readonly pinned?: boolean;
  readonly provenance?: Provenance;
  readonly outcome?: MemoryOutcome;
  readonly clientToken?: string;
}

/** Fields that a PATCH replaces; `null` clears an optional one. */
export interface MemoryChange {
  readonly category?: string;
  readonly content?: MemoryContent;
  readonly text?: string | null;
  readonly tags?: readonly string[];
  readonly importance?: number;
  readonly metadata?: Metadata | null;
  readonly pinned?: boolean;
  readonly provenance?: Provenance | null;
  readonly outcome?: MemoryOutcome | null;
}

/** The part of a request by which a repeat is told. */
export const payloadOf = ({ clientToken: _token, ...payload }: NewMemory): Omit<NewMemory, 'clientToken'> =>
  payload;

export const withoutVector = ({ vector: _vector, ...rest }: Memory): Omit<Memory, 'vector'> => rest;

/** A memory as a change leaves it. New content brings its own words, unless the change has some. */
export function changed(before: Memory, change: MemoryChange): Memory {
  const { text, metadata, provenance, outcome, ...rest } = change;
  const {
    metadata: metadataBefore,
    provenance: provenanceBefore,
    outcome: outcomeBefore,
    ...kept
  } = { ...before, ...rest };
  const optional = {
    metadata: metadata === undefined ? metadataBefore : metadata,
    provenance: provenance === undefined ? provenanceBefore : provenance,
    outcome: outcome === undefined ? outcomeBefore : outcome,
  };
  const ownText = change.content === undefined ? before.text : renderContent(change.content);
  return {
    ...kept,
    text: text === null ? renderContent(kept.content) : (text ?? ownText),
    ...(optional.metadata && { metadata: optional.metadata }),
    ...(optional.provenance && { provenance: optional.provenance }),
    ...(optional.outcome && { outcome: optional.outcome }),
  };
}

/** The two memories are the same, so a change from one to the other changes nothing. */
export const isSame = (a: Memory, b: Memory): boolean =>
  canonicalJson(withoutVector(a)) === canonicalJson(withoutVector(b));
