import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';

/** The first record of a stream's batch could not be handled. */
export class StalledBatchError extends Error {}

/**
 * Returns the answer to a batch of a stream. For Lambda, naming the first record and throwing both repeat the batch.
 * Lambda counts only thrown errors. Without the throw, a record that fails every retry would never raise an alarm.
 *
 * @throws StalledBatchError when the first record is the one that failed
 */
export function answerOf(event: DynamoDBStreamEvent, response: DynamoDBBatchResponse): DynamoDBBatchResponse {
  const [failed] = response.batchItemFailures;
  if (failed && failed.itemIdentifier === event.Records[0]?.dynamodb?.SequenceNumber)
    throw new StalledBatchError(`record ${failed.itemIdentifier} was not dealt with`);
  return response;
}
