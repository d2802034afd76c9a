import type { Pattern } from '../patterns/pattern.ts';
import { MAX_TREND } from '../patterns/pattern-catalog.ts';
import type { PatternStore } from '../patterns/pattern-store.ts';
import type { PatternEvent, Range } from './contract.ts';

/** Histories read at the same time. */
const CONCURRENCY = 10;

/**
 * Changes of status by runs of a period, oldest first. Becoming a candidate is no event. It takes one small query for
 * each pattern whose status changed since the period began.
 */
export async function patternEvents(
  store: PatternStore,
  patterns: readonly Pattern[],
  { from, to }: Range,
): Promise<PatternEvent[]> {
  const changed = patterns.filter(({ status, statusSince }) => status !== 'candidate' && statusSince >= from);
  const events: PatternEvent[] = [];
  for (let start = 0; start < changed.length; start += CONCURRENCY)
    await Promise.all(
      changed.slice(start, start + CONCURRENCY).map(async (pattern) => {
        const { agentId, patternId, decisionType, description } = pattern;
        const versions = await store.versions(agentId, patternId, MAX_TREND);
        versions.forEach(({ version, status, reason, asOf }, i) => {
          const isNew = status !== versions[i + 1]?.status && status !== 'candidate';
          if (isNew && asOf >= from && asOf <= to)
            events.push({ patternId, decisionType, status, reason, asOf, version, description });
        });
      }),
    );
  return events.sort((a, b) => (orderOf(a) < orderOf(b) ? -1 : 1));
}

const orderOf = ({ asOf, patternId, version }: PatternEvent): string =>
  `${asOf}#${patternId}#${String(version).padStart(8, '0')}`;
