import { Readable } from 'node:stream';
import { S3Client } from '@aws-sdk/client-s3';
import { S3ObjectStore } from '../../lambdas/archive/s3-object-store.ts';
import { recordCommands } from './recordings.ts';

interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

const PAGE = 3;

/** One bucket in memory, behind the real client: what goes over the wire is S3's own. Pages are short on purpose. */
export class MemoryBucket {
  readonly objects = new Map<string, Uint8Array>();
  /** Set, every request fails with it. */
  failure: Error | undefined;
  /** Requests so far, as `PUT key`. */
  readonly requests: string[] = [];

  /** @param service the function under test: its S3 commands are recorded under that name; without, they are the test's */
  store(service?: string): S3ObjectStore {
    const client = new S3Client({
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      maxAttempts: 1,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      requestHandler: {
        handle: async (request: Request) => ({ response: this.#answer(request) }),
      } as never,
    });
    if (service) recordCommands(service, client);
    return new S3ObjectStore('archive', client);
  }

  #answer({ method, path, query, body }: Request) {
    if (this.failure) throw this.failure;
    const key = decodeURIComponent(path.replace(/^\/(archive\/)?/, ''));
    this.requests.push(`${method} ${key}`);
    if (method === 'PUT') {
      this.objects.set(key, Uint8Array.from(body as Uint8Array));
      return ok('');
    }
    if (method === 'POST') {
      for (const [, found] of String(body).matchAll(/<Key>(.*?)<\/Key>/g)) this.objects.delete(found!);
      return ok('<DeleteResult/>');
    }
    if ('list-type' in query) return ok(this.#list(query));
    const found = this.objects.get(key);
    return found ? ok(found) : answer(404, '<Error><Code>NoSuchKey</Code></Error>');
  }

  #list({ prefix = '', delimiter, 'continuation-token': after = '' }: Request['query']): string {
    const names = [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
    const end = (key: string) => (delimiter ? key.indexOf(delimiter, prefix.length) : -1);
    const entries = [...new Set(names.map((key) => (end(key) < 0 ? key : key.slice(0, end(key) + 1))))];
    const rest = entries.filter((entry) => entry > after);
    const page = rest.slice(0, PAGE);
    return [
      '<ListBucketResult>',
      ...page.map((entry) =>
        delimiter && entry.endsWith(delimiter)
          ? `<CommonPrefixes><Prefix>${entry}</Prefix></CommonPrefixes>`
          : `<Contents><Key>${entry}</Key></Contents>`,
      ),
      rest.length > page.length ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '',
      '</ListBucketResult>',
    ].join('');
  }
}

const answer = (statusCode: number, body: string | Uint8Array) => ({
  statusCode,
  headers: {},
  body: Readable.from([Buffer.from(body)]),
});
const ok = (body: string | Uint8Array) => answer(200, body);
