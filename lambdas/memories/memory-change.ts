import type * as z from 'zod';
import { canonicalJson } from '../shared/platform/ids.ts';
import type { ReadonlyDeep } from '../shared/schema/readonly-deep.ts';
import type { saveBody, updateBody } from './contract.ts';
import { type Memory, renderContent } from './memory.ts';

type Save = ReadonlyDeep<z.output<typeof saveBody>>;
type Update = ReadonlyDeep<z.output<typeof updateBody>>;

export type NewMemory = Omit<Save, 'sharing'>;

/** Fields that a PATCH replaces; `null` clears an optional one. */
export type MemoryChange = Omit<Update, 'expectedVersion'>;

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
