import { DeleteCommand } from '@aws-sdk/lib-dynamodb';
import type { MemoryStore } from '../memories/memory-store.ts';
import type { InsightOffer } from './insight.ts';
import { openKey } from './table.ts';
import type { Table } from '../shared/dynamodb/table.ts';

/**
 * Insights of ended sessions → long-term memory. They are written with the end of their session, in the row of the
 * open session, and the row goes when the memory has them: a process that dies in between leaves them to the sweep.
 */
export class InsightOffers {
  readonly #table: Table;
  readonly #memories: MemoryStore;

  constructor(table: Table, memories: MemoryStore) {
    this.#table = table;
    this.#memories = memories;
  }

  /** Counts once, however often it is offered: each insight of a session has a token of its own. */
  async offer(offer: InsightOffer): Promise<void> {
    await this.#save(offer, `${offer.sessionId}#`);
    await this.#table.documents.send(
      new DeleteCommand({ TableName: this.#table.name, Key: openKey(offer.agentId, offer.sessionId) }),
    );
  }

  /** What is stated of a session that has its record already, beside what that left; counts once as well. */
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
