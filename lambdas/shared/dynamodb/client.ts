import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';

/**
 * JSON numbers are doubles: one beyond 2^53 is stored as the double it is, and comes back as the same double. Left alone
 * the SDK refuses such a number on the way in and makes a BigInt of it on the way out.
 */
export const documentOptions = {
  marshallOptions: { removeUndefinedValues: true, allowImpreciseNumbers: true },
  unmarshallOptions: { wrapNumbers: Number },
} as const;

/**
 * The document client every function shares across invocations. It does not retry: `Table` does, within the time the
 * invocation has. A call that hangs is cut off well before API Gateway's 29 s. Where the endpoint is (DynamoDB Local,
 * a VPC endpoint) is the SDK's own setting, `AWS_ENDPOINT_URL_DYNAMODB`.
 */
export const createDocumentClient = (): DynamoDBDocumentClient =>
  DynamoDBDocumentClient.from(
    new DynamoDBClient({
      maxAttempts: 1,
      requestHandler: { requestTimeout: 5_000, connectionTimeout: 1_000, throwOnRequestTimeout: true },
    }),
    documentOptions,
  );
