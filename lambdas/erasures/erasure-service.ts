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

export interface ErasureServiceParts {
  readonly ledger: ErasureLedger;
  readonly clock: Clock;
  readonly randomPart: RandomPart;
  readonly logRetentionDays: number;
  /** Starts a worker. The erasure's record exists by then. */
  readonly start: (erasureId: string) => Promise<void>;
}

/** Starts erasures and reports on them, for operators. */
export class ErasureService {
  readonly #parts: ErasureServiceParts;

  constructor(parts: ErasureServiceParts) {
    this.#parts = parts;
  }

  /** Accepts agents that are no longer registered, or never were. A repeated request removes what is left. */
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
