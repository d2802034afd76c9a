import { type SQSClient, SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import * as z from 'zod';
import { UnavailableError } from '../shared/errors.ts';
import { payloadHash, sha256 } from '../shared/platform/ids.ts';
import { runIdSchema, timestampSchema } from '../shared/schema/fields.ts';
import { ownerSchema } from '../shared/schema/owners.ts';

export const taskSchema = z.object({
  runId: runIdSchema,
  /** An agent, or `type:` and an agent type: its agents' common knowledge. */
  agentId: ownerSchema,
  asOf: timestampSchema,
  /** The agent is deregistered: only its results are rolled up. */
  rollUpOnly: z.literal(true).optional(),
});

/** One agent, or one pool, of one run. */
export type ConsolidationTask = Readonly<z.output<typeof taskSchema>>;

/** Characters of an SQS message group. */
const MAX_GROUP_LENGTH = 128;

/**
 * The message group of an agent or a pool. A pool of a long type would not fit, and cut off it could be another's: its
 * group is the hash of the whole name. No name begins with `#`, so no hash is a name.
 */
export const messageGroupOf = (owner: string): string =>
  owner.length <= MAX_GROUP_LENGTH ? owner : `#${sha256(owner)}`;

/** SendMessageBatch takes this many messages. */
export const QUEUE_BATCH = 10;

/**
 * The FIFO queue between planner and workers. An agent, or the pool of an agent type, is a message group, so one worker
 * at a time has it. A task sent twice within five minutes is delivered once, and one delivered twice has its result
 * already.
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
            MessageGroupId: messageGroupOf(agentId),
            MessageDeduplicationId: payloadHash([runId, agentId]),
          })),
        }),
      );
      if (Failed && Failed.length > 0)
        throw new UnavailableError(`The queue refused ${Failed.length} messages: ${Failed[0]?.Code}`);
    }
  }
}
