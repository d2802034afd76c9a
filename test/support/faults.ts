import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { ErrorCode } from '../../lambdas/shared/http/contract.ts';

type Send = (command: object) => Promise<unknown>;

/** A client whose every call goes through `send`; what it does not do itself it hands on. */
export const intercept =
  (send: (command: object, pass: Send) => Promise<unknown>) =>
  (real: DynamoDBDocumentClient): DynamoDBDocumentClient => {
    const pass = real.send.bind(real) as unknown as Send;
    return Object.assign(Object.create(real) as DynamoDBDocumentClient, {
      send: (command: object) => send(command, pass),
    });
  };

const awsError = (name: string, fault?: 'server' | 'client') =>
  Object.assign(new Error('table agent_secret'), { name, ...(fault && { $fault: fault }) });

/** What DynamoDB may throw, and what the API makes of it. */
export const faults: readonly (readonly [ErrorCode, Error])[] = [
  ['Throttled', awsError('ThrottlingException', 'client')],
  ['Unavailable', awsError('InternalServerError', 'server')],
  ['Internal', new Error('table agent_secret')],
];

export const alwaysThrows = (error: Error) => intercept(() => Promise.reject(error));

export const isWrite = (command: object): boolean => /Put|Update|Delete|Write/.test(command.constructor.name);

/** A process that dies when its k-th write has gone through; `writes` counts over the client's life. */
export const dyingAfter = (k: number, writes: { count: number }) =>
  intercept(async (command, pass) => {
    if (writes.count >= k) throw new Error('killed');
    const answer = await pass(command);
    if (isWrite(command) && ++writes.count >= k) throw new Error('killed');
    return answer;
  });
