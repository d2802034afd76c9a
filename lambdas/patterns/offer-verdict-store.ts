import type { Table } from '../shared/dynamodb/table.ts';
import { ConflictError } from '../shared/errors.ts';
import type { OfferVerdictRecord } from './offer-verdict.ts';
import {
  fromOfferVerdictItem,
  offerVerdictKey,
  offerVerdictPartition,
  toOfferVerdictItem,
} from './offer-verdict-table.ts';

/** An agent's verdicts on the patterns that others offer it. A row is about 0.4 KB: one write unit. */
export class OfferVerdictStore {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /** All verdicts of an agent, also on patterns that are no longer offered; strongly consistent. */
  async ofAgent(agentId: string): Promise<OfferVerdictRecord[]> {
    const items = await this.#table.queryAll({ partition: offerVerdictPartition(agentId) });
    return items.map(fromOfferVerdictItem);
  }

  async get(agentId: string, owner: string, patternId: string): Promise<OfferVerdictRecord | undefined> {
    const item = await this.#table.get(offerVerdictKey(agentId, owner, patternId));
    return item && fromOfferVerdictItem(item);
  }

  /** @throws ConflictError when another run changed it in between */
  async save(after: OfferVerdictRecord, before?: OfferVerdictRecord): Promise<void> {
    const failed = await this.#table.putIfVersion(toOfferVerdictItem(after), before?.version);
    if (failed) throw new ConflictError(`The standing of ${after.patternId} was changed by somebody else`);
  }
}
