import { NotFoundError } from '../shared/errors.ts';
import type { Clock } from '../shared/platform/clock.ts';
import type { RandomPart } from '../shared/platform/ids.ts';
import {
  type ErasureRecord,
  type ErasureSubject,
  STALLED,
  statusOf,
  stillHeld,
  zeroCounts,
} from './erasure.ts';
import type { ErasureLedger } from './erasure-ledger.ts';

export interface ErasuresParts {
  readonly ledger: ErasureLedger;
  readonly clock: Clock;
  readonly randomPart: RandomPart;
  readonly logRetentionDays: number;
  /** Has a worker begin; the erasure's record exists by then. */
  readonly start: (erasureId: string) => Promise<void>;
}

/** Erasures as operators see them. */
export class Erasures {
  readonly #parts: ErasuresParts;

  constructor(parts: ErasuresParts) {
    this.#parts = parts;
  }

  /** Also of an agent that is not registered any more, or never was. The same again finds what is left. */
  async request(subject: { readonly agentId?: string; readonly userId?: string }) {
    const { ledger, randomPart, start } = this.#parts;
    const record = await ledger.create(subject as ErasureSubject, randomPart);
    await start(record.erasureId);
    return this.#view(record);
  }

  /** @throws NotFoundError */
  async get(erasureId: string) {
    const record = await this.#parts.ledger.get(erasureId);
    if (!record) throw new NotFoundError(`No erasure ${erasureId}`);
    return this.#view(record);
  }

  #view(record: ErasureRecord) {
    const { clock, logRetentionDays } = this.#parts;
    const { erasureId, agentId, userId, requestedAt, finishedAt = null, passes, removed, rewritten } = record;
    const now = clock();
    const status = statusOf(record, now);
    const error = status === 'FAILED' ? (record.gaveUp ?? STALLED) : undefined;
    return {
      erasureId,
      ...(agentId !== undefined && { agentId }),
      ...(userId !== undefined && { userId }),
      status,
      requestedAt,
      finishedAt,
      passes,
      removed,
      rewritten,
      left: status === 'SUCCEEDED' ? zeroCounts : null,
      stillHeld: stillHeld(finishedAt === null ? now : new Date(finishedAt), logRetentionDays),
      ...(error !== undefined && { error }),
    };
  }
}
