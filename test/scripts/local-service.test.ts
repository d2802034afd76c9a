import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type LocalService, startService } from '../../scripts/local/service.ts';
import { workDirectory } from '../support/paths.ts';
import { writeFixtureAssembly } from './fixture-assembly.ts';

const assembly = writeFixtureAssembly(join(workDirectory(), 'fixture'));

interface BusEvent {
  readonly 'detail-type': string;
  readonly detail: Record<string, unknown>;
}

const eventsIn = (file: string, type: string): BusEvent['detail'][] =>
  existsSync(file)
    ? readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as BusEvent)
        .filter((event) => event['detail-type'] === type)
        .map(({ detail }) => detail)
    : [];

async function eventually<T>(look: () => T | Promise<T>, holds: (value: T) => boolean): Promise<T> {
  let value = await look();
  for (let attempt = 0; attempt < 500 && !holds(value); attempt++) {
    await sleep(100);
    value = await look();
  }
  return value;
}

describe('the service on one machine', () => {
  let service: LocalService;
  const call = (path: string, init?: RequestInit) => fetch(service.url + path, init);

  beforeAll(async () => {
    service = await startService({ port: 0, assembly, quiet: true });
  });
  afterAll(async () => {
    await service.stop();
    await service.stop();
  });

  it('hands a function the API Gateway v2 event of a request', async () => {
    const answer = await call('/echo/a%2Fb%20c?x=1&x=2&y=%C3%A9', {
      method: 'POST',
      body: '{"ä":1}',
      headers: { 'content-type': 'application/json', 'X-Mixed': 'Case', cookie: 'a=1; b=2' },
    });
    const { event, functionName } = (await answer.json()) as Record<string, never>;
    expect(functionName).toBe('Api');
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /echo/{id}',
      rawPath: '/echo/a%2Fb%20c',
      rawQueryString: 'x=1&x=2&y=%C3%A9',
      pathParameters: { id: 'a/b c' },
      queryStringParameters: { x: '1,2', y: 'é' },
      headers: { 'x-mixed': 'Case' },
      cookies: ['a=1', 'b=2'],
      body: '{"ä":1}',
      isBase64Encoded: false,
      requestContext: { stage: '$default', http: { method: 'POST', path: '/echo/a%2Fb%20c' } },
    });
  });

  it('sends what is no text in base64', async () => {
    const body = Buffer.from([0, 255, 254]);
    for (const type of ['application/octet-stream', 'application/json']) {
      const answer = await call('/echo/x', { method: 'POST', body, headers: { 'content-type': type } });
      const { event } = (await answer.json()) as { event: object };
      expect(event).toMatchObject({ body: body.toString('base64'), isBase64Encoded: true });
    }
  });

  it('gives a function the environment of its template and the local twins, and nothing of this process', async () => {
    const { environment } = (await (await call('/echo/x')).json()) as { environment: Record<string, string> };
    expect(environment).toMatchObject({
      TABLE: 'Notes',
      BUS: 'fixture-bus',
      LATER: 'Later',
      JOINED: 'a-us-east-1',
      AUTH_MODE: 'none',
      AWS_ENDPOINT_URL_DYNAMODB: service.endpoint,
    });
    expect(environment['QUEUE_URL']).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/000000000000\/Work\.fifo$/);
    expect(environment).not.toHaveProperty('PATH');
  });

  it('takes an unstructured result for the JSON of a 200', async () => {
    const answer = await call('/plain');
    expect([answer.status, await answer.json()]).toEqual([200, { greeting: 'hello' }]);
  });

  it.each([
    ['/nope', 404],
    ['//echo/x', 404],
    ['/echo/x/', 404],
    ['/echo//', 404],
    ['/echo/', 404],
    ['/echo%2Fx', 404],
    ['/ECHO/x', 404],
    ['/echo/%zz', 400],
    ['/echo/%C3%28', 400],
    ['/echo/x/../../count', 404],
  ])('answers the path %s with %i', async (path, status) => {
    expect(await rawStatus(service.url, `GET ${path} HTTP/1.1`)).toBe(status);
  });

  it('answers a method without a route, and one that is none', async () => {
    expect(await rawStatus(service.url, 'DELETE /count HTTP/1.1')).toBe(404);
    expect(await rawStatus(service.url, 'OPTIONS * HTTP/1.1')).toBe(404);
    expect(await rawStatus(service.url, 'NONSENSE')).toBe(400);
  });

  it('refuses a body over 6 MB, and an answer over 6 MB is an error', async () => {
    const request = { method: 'POST', body: 'x'.repeat(7 * 1024 * 1024) };
    const refused = await call('/echo/x', request);
    expect([refused.status, await refused.json()]).toEqual([413, { message: 'Request Entity Too Large' }]);
    const failed = await call('/big');
    expect([failed.status, await failed.json()]).toEqual([500, { message: 'Internal Server Error' }]);
  });

  it('answers 500 when a function throws, and keeps its environment', async () => {
    const before = ((await (await call('/count')).json()) as { count: number }).count;
    expect((await call('/throws')).status).toBe(500);
    expect(await (await call('/count')).json()).toEqual({ count: before + 1 });
  });

  it('replaces an environment that crashed or hung', async () => {
    expect((await call('/exits')).status).toBe(500);
    expect(await (await call('/count')).json()).toEqual({ count: 1 });
    expect((await call('/hangs')).status).toBe(500);
    expect(await (await call('/count')).json()).toEqual({ count: 1 });
  });

  it('relays what is inserted in a table, and only that', async () => {
    await call('/notes/n1', { method: 'PUT', body: 'first' });
    await call('/notes/n1', { method: 'PUT', body: 'second' });
    await call('/notes/n2', { method: 'PUT', body: 'third' });
    const relayed = await eventually(
      () => eventsIn(service.eventsFile, 'Relayed'),
      (events) => events.length >= 2,
    );
    expect(relayed).toEqual(['n1', 'n2'].map((id) => ({ name: 'INSERT', keys: { PK: { S: id } } })));
  });

  it('works a queue off in order per group, tries again, and gives up on what keeps failing', async () => {
    const messages = [
      { group: 'a', text: 'poison' },
      { group: 'a', text: 'after' },
      { group: 'b', text: '1' },
      { group: 'b', text: '2' },
    ];
    const answer = await call('/work', {
      method: 'POST',
      body: JSON.stringify({ messages }),
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.status, await answer.json()]).toMatchObject([202, { successful: 4 }]);
    // The bus takes an event at least once: a put that was slow to be answered is sent again.
    const distinct = (events: Record<string, unknown>[]) => [
      ...new Map(events.map((event) => [JSON.stringify(event), event])).values(),
    ];
    const worked = distinct(
      await eventually(
        () => eventsIn(service.eventsFile, 'Worked'),
        (events) => ['after', '2'].every((text) => events.some((event) => event['text'] === text)),
      ),
    );
    const of = (group: string) => worked.filter((event) => event['group'] === group);
    expect(of('a')).toEqual([
      { group: 'a', text: 'poison', receives: '1' },
      { group: 'a', text: 'poison', receives: '2' },
      { group: 'a', text: 'after', receives: '1' },
    ]);
    expect(of('b').map(({ text }) => text)).toEqual(['1', '2']);
  });

  it('invokes a function at once or later, as it is asked', async () => {
    const answer = await call('/later', {
      method: 'POST',
      body: '{"n":7}',
      headers: { 'content-type': 'application/json' },
    });
    expect(await answer.json()).toMatchObject({
      status: 202,
      error: 'Unhandled',
      payload: { errorType: 'RangeError', errorMessage: 'refused' },
    });
    const later = await eventually(
      () => eventsIn(service.eventsFile, 'Later'),
      (events) => events.length >= 1,
    );
    expect(later).toEqual([{ n: 7 }]);
  });
});

/** Status of a request that no client library would send. */
function rawStatus(url: string, requestLine: string): Promise<number> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () =>
      socket.write(`${requestLine}\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
    );
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('close', () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
    socket.on('error', reject);
  });
}

/** Processes of a process group that have not ended. */
const alive = (group: number): string[] =>
  execFileSync('ps', ['-eo', 'pgid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => {
      const [pgid, state] = line.trim().split(/\s+/);
      return Number(pgid) === group && !state?.startsWith('Z');
    });

describe('npm start', () => {
  const running: ChildProcess[] = [];
  afterEach(() => {
    for (const { pid } of running.splice(0)) if (pid && alive(pid).length > 0) process.kill(-pid, 'SIGKILL');
  });

  const start = (environment: Record<string, string>) => {
    const child = spawn(process.execPath, ['--import', 'tsx', 'scripts/local.ts'], {
      env: { ...process.env, ASSEMBLY: assembly, PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    running.push(child);
    const printed = { out: '', err: '' };
    child.stdout.on('data', (chunk) => (printed.out += String(chunk)));
    child.stderr.on('data', (chunk) => (printed.err += String(chunk)));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const ready = async () => {
      await eventually(
        () => printed.out,
        (out) => out.includes('\n') || child.exitCode !== null,
      );
      expect(printed).toEqual({
        out: expect.stringMatching(/^agent-memory listening on http:\/\/127\.0\.0\.1:\d+\n$/),
        err: '',
      });
      return printed.out.trim().split(' ').at(-1)!;
    };
    return { child, printed, ended, ready };
  };

  it('keeps its data over a kill -9 of its process group, which leaves nothing behind', async () => {
    const directory = mkdtempSync(join(workDirectory(), 'data-'));
    const first = start({ DATA_DIR: directory });
    const url = await first.ready();
    await fetch(`${url}/notes/kept`, { method: 'PUT', body: 'text' });
    const events = join(directory, 'events.jsonl');
    await eventually(
      () => eventsIn(events, 'Relayed'),
      (relayed) => relayed.length > 0,
    );
    await eventually(
      () => readdirSync(join(directory, 'checkpoints')),
      (files) => files.includes('RelaySource.json'),
    );

    const second = start({ DATA_DIR: directory });
    expect(await second.ended).toBe(1);
    expect(second.printed).toEqual({
      out: '',
      err: expect.stringMatching(/^agent-memory: the data directory .* is in use by process \d+; .*\n$/),
    });

    expect(alive(first.child.pid!).some((line) => line.includes('DynamoDBLocal.jar'))).toBe(true);
    process.kill(-first.child.pid!, 'SIGKILL');
    await first.ended;
    expect(alive(first.child.pid!)).toEqual([]);

    const third = start({ DATA_DIR: directory });
    const restarted = await third.ready();
    expect(await (await fetch(`${restarted}/notes/kept`)).json()).toEqual({ text: 'text' });
    await fetch(`${restarted}/notes/new`, { method: 'PUT', body: 'text' });
    const relayed = await eventually(
      () => eventsIn(events, 'Relayed'),
      (found) => found.length > 1,
    );
    expect(relayed.map(({ keys }) => keys)).toEqual([{ PK: { S: 'kept' } }, { PK: { S: 'new' } }]);

    const began = Date.now();
    third.child.kill('SIGTERM');
    third.child.kill('SIGINT');
    expect(await third.ended).toBe(0);
    expect(Date.now() - began).toBeLessThan(5_000);
    expect(alive(third.child.pid!)).toEqual([]);
    expect(readdirSync(directory)).not.toContain('service.lock');
  });

  it('leaves no emulator behind when it alone is killed', async () => {
    const { child, ready, ended } = start({ DATA_DIR: ':memory:' });
    await ready();
    child.kill('SIGKILL');
    await ended;
    expect(
      await eventually(
        () => alive(child.pid!),
        (left) => left.length === 0,
      ),
    ).toEqual([]);
  });

  it('says in one line that the port is taken, that Java is missing, that PORT is no port', async () => {
    const taken = createServer();
    const port = await new Promise<number>((resolve) =>
      taken.listen(0, '127.0.0.1', () => resolve((taken.address() as { port: number }).port)),
    );
    const cases: [Record<string, string>, RegExp][] = [
      [{ PORT: String(port) }, /^agent-memory: port \d+ is already in use; set PORT to another one\n$/],
      [{ PATH: '/nonexistent' }, /^agent-memory: agent-memory needs Java 17 or newer .*\n$/],
      [{ PORT: '80a' }, /^agent-memory: PORT must be a number from 0 to 65535, not '80a'\n$/],
      [{ DATA_DIR: '/dev/null/x' }, /^agent-memory: the data directory .* cannot be made \(ENOTDIR\)\n$/],
    ];
    await Promise.all(
      cases.map(async ([environment, message]) => {
        const { ended, printed } = start({ DATA_DIR: ':memory:', ...environment });
        expect(await ended).toBe(1);
        expect(printed).toEqual({ out: '', err: expect.stringMatching(message) });
      }),
    );
    taken.close();
  });
});
