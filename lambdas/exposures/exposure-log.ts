import type { Table } from '../shared/dynamodb/table.ts';
import { GoneError, NotFoundError } from '../shared/errors.ts';
import { type RandomPart, typedId } from '../shared/platform/ids.ts';
import type { Exposure, ExposureKind, ShownMemory } from './exposure.ts';
import { EXPOSURE_TYPE, exposureEnd, exposureKey, fromItem, toItem } from './table.ts';

/** Finds the exposures an agent has had. */
export interface ExposureLookup {
  /** Undefined when the agent has no such exposure, or it is over 95 days old. */
  find(agentId: string, exposureId: string): Promise<Exposure | undefined>;
}

/**
 * The exposures of agents to their memory. An exposure counts only through the decisions that name it. So one that was
 * recorded twice, or whose answer was lost, changes no figure.
 */
export class ExposureLog implements ExposureLookup {
  readonly #table: Table;

  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * One put: 1 WRU for up to about 25 patterns (24 bytes of id each), 3 for 100; of a context with 10 relevant records,
   * 5 patterns and 5 signals, 1.
   */
  async record(
    agentId: string,
    kind: ExposureKind,
    shown: ShownMemory,
    randomPart: RandomPart,
  ): Promise<Exposure> {
    const now = this.#table.clock();
    const exposure: Exposure = {
      agentId,
      exposureId: typedId(EXPOSURE_TYPE, now, randomPart()),
      kind,
      timestamp: now.toISOString(),
      ...shown,
    };
    await this.#table.put(toItem(exposure));
    return exposure;
  }

  /** One strongly consistent read: 1 RRU. */
  async find(agentId: string, exposureId: string): Promise<Exposure | undefined> {
    const key = exposureKey(agentId, exposureId);
    if (!key) return undefined;
    const [item] = await this.#table.getAll([key]);
    return item && fromItem(agentId, item);
  }

  /** As `find`. @throws NotFoundError; GoneError when the id is older than any exposure that is kept */
  async get(agentId: string, exposureId: string): Promise<Exposure> {
    const exposure = await this.find(agentId, exposureId);
    if (exposure) return exposure;
    const end = exposureEnd(exposureId);
    if (end !== undefined && end <= this.#table.clock().getTime())
      throw new GoneError(`The exposure ${exposureId} is expired, or was never recorded`);
    throw new NotFoundError(`Agent ${agentId} has no exposure ${exposureId}`);
  }
}

/** Patterns as an exposure names them: the version of each, by its id. */
export const versionsOf = (
  patterns: readonly { readonly patternId: string; readonly version: number }[],
): Readonly<Record<string, number>> =>
  Object.fromEntries(patterns.map(({ patternId, version }) => [patternId, version]));
