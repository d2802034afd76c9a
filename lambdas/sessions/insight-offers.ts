import type { MemoryStore } from '../memories/memory-store.ts';
import type { Table } from '../shared/dynamodb/table.ts';
import type { InsightOffer } from './insight.ts';
import { openKey } from './open-table.ts';

/**
 * Insights of ended sessions → long-term memory. They are written with the end of their session, in the row of the open
 * session. The row is deleted once memory has them: a process that dies in between leaves them to the sweep.
 */
export class InsightOffers {
  readonly #table: Table;
  readonly #memories: MemoryStore;

  constructor(table: Table, memories: MemoryStore) {
    this.#table = table;
    this.#memories = memories;
  }

  /** Stored once, however often it is offered: each insight of a session has a token of its own. */
  async offer(offer: InsightOffer): Promise<void> {
    await this.#save(offer, `${offer.sessionId}#`);
    await this.#table.delete(openKey(offer.agentId, offer.sessionId));
  }

  /** Insights that came after the session had its record, beside those of the record; stored once as well. */
  async offerLate(offer: InsightOffer): Promise<void> {
    await this.#save(offer, `${offer.sessionId}#late#`);
  }

  async #save(
    { agentId, sessionId, userId, topic, endedAt, insights }: InsightOffer,
    token: string,
  ): Promise<void> {
    for (const [position, { content, importance, tags }] of insights.entries())
      await this.#memories.save(agentId, {
        memoryType: 'INSIGHT',
        content,
        importance,
        tags,
        metadata: { ...(topic !== undefined && { topic }), occurredAt: endedAt },
        provenance: { sessionId, ...(userId !== undefined && { userId }), source: 'session' },
        clientToken: `${token}${position}`,
      });
  }
}
