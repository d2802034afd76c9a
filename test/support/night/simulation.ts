import type { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Context, SQSEvent } from 'aws-lambda';
import { createPlannerHandler } from '../../../lambdas/consolidation/planner.lambda.ts';
import { createWorkerHandler, type WorkerEnvironment } from '../../../lambdas/consolidation/worker.lambda.ts';
import type { Runtime } from '../../../lambdas/shared/platform/runtime.ts';
import type { QueueSpec } from '../../../scripts/local/assembly.ts';
import { LocalQueue, type QueueMessage, type ReceivedMessage } from '../../../scripts/local/queue.ts';
import { randomSource } from '../../../scripts/shared/random.ts';

export interface NightOptions {
  readonly scheduledTime: string;
  readonly planner: Runtime;
  /** One for each that works at the same time, each with a client of its own. */
  readonly workers: readonly Runtime[];
  readonly environment: WorkerEnvironment;
  /** Chance of everything that goes wrong. @default - nothing goes wrong */
  readonly seed?: number;
}

/** What went wrong. */
export interface NightEvents {
  /** Agents' tasks handed to a worker, all times counted. */
  deliveries: number;
  /** Workers that died after some write, or before the first. */
  killed: number;
  /** Workers that finished, and whose answer was lost: the message came again. */
  answersLost: number;
  /** Messages that a second worker had while the first was still at work. */
  shared: number;
  /** Messages sent a second time when the queue no longer knew them. */
  sentAgain: number;
  plannersKilled: number;
  /** Messages the dead-letter queue got, and an operator sent back. */
  redriven: number;
}

/** One agent in so many is dropped by every worker until an operator sends its message back. */
const UNLUCKY = 40;
const HOUR_S = 3600;
const specOf = (name: string, maxReceiveCount?: number): QueueSpec => ({
  name,
  arn: `arn:aws:sqs:us-east-1:000000000000:${name}`,
  url: `https://queue.test/${name}`,
  fifo: true,
  contentBasedDeduplication: false,
  visibilitySeconds: HOUR_S,
  ...(maxReceiveCount !== undefined && { redrive: { deadLetterArn: 'dead', maxReceiveCount } }),
});

const eventOf = ({ messageId, body, receiveCount, groupId, deduplicationId }: ReceivedMessage): SQSEvent =>
  ({
    Records: [
      {
        messageId,
        body,
        eventSource: 'aws:sqs',
        attributes: {
          ApproximateReceiveCount: String(receiveCount),
          MessageGroupId: groupId,
          MessageDeduplicationId: deduplicationId,
        },
      },
    ],
  }) as unknown as SQSEvent;

const context = {
  functionName: 'worker',
  awsRequestId: 'night',
  getRemainingTimeInMillis: () => 600_000,
} as unknown as Context;

/** These agents decide and remember nothing. */
const noMemories = () => Promise.reject(new Error('nothing is archived in these nights'));

class Killed extends Error {}

/** A client of a process that dies when its k-th write has gone through; with k = 0 before it did anything. */
function dyingAfter(k: number, real: DynamoDBDocumentClient): DynamoDBDocumentClient {
  let writes = 0;
  const send = async (command: object): Promise<unknown> => {
    if (writes >= k) throw new Killed('killed');
    const answer = await (real.send as (command: object) => Promise<unknown>).call(real, command);
    if (/Put|Update|Delete|Write/.test(command.constructor.name) && ++writes >= k) throw new Killed('killed');
    return answer;
  };
  return Object.assign(Object.create(real) as DynamoDBDocumentClient, { send });
}

/**
 * One night as it may go: the schedule fires twice, the planner is killed and called again, messages come twice,
 * workers die at any of their writes, finish without anybody hearing of it, or work on one agent two at a time. The
 * queue is the local service's, on a clock of its own. Ends when no message is left, the dead-letter queue's included.
 */
export async function simulateNight(options: NightOptions): Promise<NightEvents> {
  const { scheduledTime, planner, workers, environment, seed } = options;
  const events: NightEvents = {
    deliveries: 0,
    killed: 0,
    answersLost: 0,
    shared: 0,
    sentAgain: 0,
    plannersKilled: 0,
    redriven: 0,
  };
  const random = randomSource(seed ?? 0);
  let faults = seed !== undefined;
  const happens = (share: number): boolean => faults && random() < share;
  let now = Date.parse(scheduledTime);
  const dead = new LocalQueue(specOf('dead.fifo'), { now: () => now });
  const queue = new LocalQueue(specOf('work.fifo', environment.MAX_RECEIVE_COUNT), {
    now: () => now,
    deadLetters: () => dead,
  });

  const sent: QueueMessage[] = [];

  const plan = async (batchesToLive: number): Promise<void> => {
    let batches = 0;
    const send = async ({ input }: SendMessageBatchCommand) => {
      if (++batches > batchesToLive) throw new Killed('killed');
      for (const { MessageBody, MessageGroupId, MessageDeduplicationId } of input.Entries ?? [])
        sent.push(
          queue.send(MessageBody!, { groupId: MessageGroupId, deduplicationId: MessageDeduplicationId }),
        );
      return {};
    };
    const names = { STATE_TABLE: environment.STATE_TABLE, WORK_QUEUE_URL: queue.spec.url };
    await createPlannerHandler(planner, names, { send } as unknown as SQSClient)({ scheduledTime }, {
      getRemainingTimeInMillis: () => 900_000,
    } as Context);
  };

  /** @returns whether the queue hears that it is done */
  const work = async (message: ReceivedMessage, runtime: Runtime): Promise<boolean> => {
    events.deliveries++;
    const unlucky = faults && sent.findIndex(({ groupId }) => groupId === message.groupId) % UNLUCKY === 0;
    const dies = unlucky || happens(0.35);
    const writes = unlucky ? 0 : Math.floor(random() * 13);
    const unheard = happens(0.1);
    const documents = dies ? dyingAfter(writes, runtime.documents) : runtime.documents;
    const worker = createWorkerHandler({ ...runtime, documents }, environment, noMemories);
    const { batchItemFailures } = await worker(eventOf(message), context);
    if (batchItemFailures.length > 0) {
      if (dies) events.killed++;
      return false;
    }
    if (unheard) events.answersLost++;
    return !unheard;
  };

  const workOff = async (): Promise<void> => {
    while (queue.size > 0) {
      const shared = happens(0.2);
      const messages = queue.receive(workers.length - Number(shared));
      if (messages.length === 0) now += HOUR_S * 1000;
      const given = shared ? [...messages, ...messages.slice(0, 1)] : messages;
      events.shared += given.length - messages.length;
      const done = await Promise.all(given.map((message, i) => work(message, workers[i]!)));
      given.forEach((message, i) => done[i] && queue.delete(message.receiptHandle));
    }
  };

  if (faults) {
    // Two batches of ten, then nothing more.
    await plan(2).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
      events.plannersKilled++;
    });
    for (const message of queue.receive(workers.length))
      if (await work(message, workers[0]!)) queue.delete(message.receiptHandle);
  }
  await plan(Infinity);
  await plan(Infinity);
  if (faults) {
    now += HOUR_S * 1000;
    for (const { body, groupId, messageId } of sent.filter(() => happens(0.1))) {
      queue.send(body, { groupId, deduplicationId: `again-${messageId}` });
      events.sentAgain++;
    }
  }
  await workOff();
  faults = false;
  for (const { body, groupId, messageId } of dead.receive(Number.MAX_SAFE_INTEGER)) {
    queue.send(body, { groupId, deduplicationId: `redriven-${messageId}` });
    events.redriven++;
  }
  await workOff();
  return events;
}
