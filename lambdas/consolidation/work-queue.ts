import { type SQSClient, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { UnavailableError } from '../shared/errors.ts';
import { payloadHash } from '../shared/platform/ids.ts';
import { runIdSchema, timestampSchema } from '../shared/schema/fields.ts';
import { ownerSchema } from '../shared/schema/owners.ts';
import type { ConsolidationTask } from './run-outcome.ts';

export const taskSchema = z.object({
  runId: runIdSchema,
  agentId: ownerSchema,
  asOf: timestampSchema,
  rollUpOnly: z.literal(true).optional(),
});

/** SendMessageBatch takes so many. */
export const QUEUE_BATCH = 10;

/**
 * The FIFO queue between planner and workers. An agent (or the pool of an agent type) is a message group, so one worker at a time has it; a task
 * sent twice within five minutes is delivered once, and one delivered twice has its result already.
 */
export class WorkQueue {
  readonly #sqs: SQSClient;
  readonly #url: string;

  constructor(sqs: SQSClient, url: string) {
    this.#sqs = sqs;
    this.#url = url;
  }

  /** @throws UnavailableError when the queue refused a message */
  async send(tasks: readonly ConsolidationTask[]): Promise<void> {
    for (let start = 0; start < tasks.length; start += QUEUE_BATCH) {
      const { Failed } = await this.#sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: this.#url,
          Entries: tasks.slice(start, start + QUEUE_BATCH).map(({ runId, agentId, asOf, rollUpOnly }, i) => ({
            Id: String(i),
            MessageBody: JSON.stringify({ runId, agentId, asOf, rollUpOnly }),
            MessageGroupId: agentId,
            MessageDeduplicationId: payloadHash([runId, agentId]),
          })),
        }),
      );
      if (Failed && Failed.length > 0)
        throw new UnavailableError(`The queue refused ${Failed.length} messages: ${Failed[0]?.Code}`);
    }
  }
}
