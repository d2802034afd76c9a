import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';

/** A batch of a stream of which not even the first record was dealt with. */
export class StalledBatchError extends Error {}

/**
 * The answer to a batch of a stream. Naming the first record and throwing are the same to Lambda: all of it comes again.
 * But only what is thrown is counted as an error, and without that a record that fails until it is given up is
 * nowhere seen.
 *
 * @throws StalledBatchError when the first record is the one that failed
 */
export function answerOf(event: DynamoDBStreamEvent, response: DynamoDBBatchResponse): DynamoDBBatchResponse {
  const [failed] = response.batchItemFailures;
  if (failed && failed.itemIdentifier === event.Records[0]?.dynamodb?.SequenceNumber)
    throw new StalledBatchError(`record ${failed.itemIdentifier} was not dealt with`);
  return response;
}
