import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { createDocumentClient, documentOptions } from '../../lambdas/shared/dynamodb/client.ts';

export interface FakeRequest {
  /** `GetItem`, `TransactWriteItems`, … */
  readonly action: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- requests are asserted on, field by field
  readonly body: any;
}

/** What the endpoint answers: a body, an error by its name, or nothing at all. */
export type FakeAnswer =
  { readonly body: object } | { readonly error: string; readonly reasons?: readonly object[] } | 'hang';

export const throttled: FakeAnswer = { error: 'ProvisionedThroughputExceededException' };
export const cancelled = (...codes: readonly string[]): FakeAnswer => ({
  error: 'TransactionCanceledException',
  reasons: codes.map((Code) => ({ Code })),
});

/** An endpoint that answers as DynamoDB does, throttling and conflicts too, which DynamoDB Local never has. */
export class FakeDynamoDb {
  readonly requests: FakeRequest[] = [];
  readonly #server: Server;
  #answer: (request: FakeRequest, count: number) => FakeAnswer = () => ({ body: {} });

  private constructor(server: Server) {
    this.#server = server;
    server.on('request', async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const received = {
        action: String(request.headers['x-amz-target']).split('.')[1] ?? '',
        body: JSON.parse(Buffer.concat(chunks).toString()) as unknown,
      };
      this.requests.push(received);
      const answer = this.#answer(received, this.requests.length);
      if (answer === 'hang') return;
      response.setHeader('content-type', 'application/x-amz-json-1.0');
      if ('body' in answer) return response.end(JSON.stringify(answer.body));
      response.statusCode = 400;
      response.end(
        JSON.stringify({
          __type: `com.amazonaws.dynamodb.v20120810#${answer.error}`,
          message: answer.error,
          ...(answer.reasons && { CancellationReasons: answer.reasons }),
        }),
      );
    });
  }

  static async start(): Promise<FakeDynamoDb> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FakeDynamoDb(server);
  }

  /** @param answer by the request and how many there were, this one included */
  answers(answer: (request: FakeRequest, count: number) => FakeAnswer): void {
    this.requests.length = 0;
    this.#answer = answer;
  }

  /** The service's own client, pointed here. */
  client(): DynamoDBDocumentClient {
    const { port } = this.#server.address() as AddressInfo;
    const { requestHandler, maxAttempts } = createDocumentClient().config;
    return DynamoDBDocumentClient.from(
      new DynamoDBClient({ endpoint: `http://127.0.0.1:${port}`, requestHandler, maxAttempts }),
      documentOptions,
    );
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
