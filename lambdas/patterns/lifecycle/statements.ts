import type { Pattern } from '../pattern.ts';
import { sha256 } from '../../shared/platform/ids.ts';
import { patternIdOf } from '../../mining/pattern-id.ts';
import type { Finding } from '../../mining/types.ts';

/** The id that mining gives to a pattern's statement. A stated pattern is stored under the id that its author chose. */
export const statementIdOf = ({
  agentId,
  decisionType,
  asserts,
  conditions,
}: Pick<Pattern, 'agentId' | 'decisionType' | 'asserts' | 'conditions'>): string =>
  patternIdOf(agentId, decisionType, asserts, conditions, sha256);

export interface Names {
  /** Id from mining → id under which it is stored. */
  readonly storedAs: ReadonlyMap<string, string>;
  /**
   * Stated patterns whose statement is also stored under mining's id: id → that id. A known statement is refused, so this
   * only happens when a run promotes it at the same moment.
   */
  readonly twins: ReadonlyMap<string, string>;
}

/** One statement is one pattern: a finding that makes the statement of a stored pattern gets that pattern's id. */
export function namesOf(previous: readonly Pattern[]): Names {
  const known = new Set(
    previous.filter(({ status }) => status !== 'candidate').map(({ patternId }) => patternId),
  );
  const storedAs = new Map<string, string>();
  const twins = new Map<string, string>();
  for (const pattern of previous) {
    // A statement that its author withdrew is left as it is. Mining may still find the same by itself, under a name of its own.
    if (pattern.status === 'withdrawn') continue;
    const statementId = statementIdOf(pattern);
    if (statementId === pattern.patternId) continue;
    if (known.has(statementId)) twins.set(pattern.patternId, statementId);
    else storedAs.set(statementId, pattern.patternId);
  }
  return { storedAs, twins };
}

export function renamed(finding: Finding, { storedAs }: Names): Finding {
  const name = (id: string): string => storedAs.get(id) ?? id;
  const { patternId, explainedBy, sameAs } = finding;
  return {
    ...finding,
    patternId: name(patternId),
    ...(explainedBy !== undefined && { explainedBy: name(explainedBy) }),
    ...(sameAs && { sameAs: sameAs.map((same) => ({ ...same, patternId: name(same.patternId) })) }),
  };
}
