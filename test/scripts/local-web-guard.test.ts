import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { workDirectory } from '../support/paths.ts';
import { writeFixtureAssembly } from './fixture-assembly.ts';

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Record<string, unknown>;
}

/** A request as a browser would send it: the Host and Origin of a page, whatever address it goes to. */
const send = (url: string, method: string, headers: Record<string, string>): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          type: response.headers['content-type'] ?? '',
          body: JSON.parse(text) as Record<string, unknown>,
        }),
      );
    });
    outgoing.once('error', reject).end(method === 'GET' ? undefined : 'text');
  });

const start = (environment: Record<string, string>): ChildProcess =>
  spawn(process.execPath, ['--import', 'tsx', 'scripts/local.ts'], {
    env: {
      ...process.env,
      ASSEMBLY: writeFixtureAssembly(join(workDirectory(), 'fixture-guard')),
      PORT: '0',
      DATA_DIR: ':memory:',
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });

const firstLine = async (stream: ChildProcess['stdout']): Promise<string> =>
  String((await createInterface({ input: stream! })[Symbol.asyncIterator]().next()).value);

describe('the local service, called by web pages', () => {
  let service: ChildProcess;
  let url: string;
  let notes = 0;

  beforeAll(async () => {
    service = start({ ALLOWED_HOSTS: 'memory.internal, [fd00::1],Agents_1,' });
    url = (await firstLine(service.stdout)).split(' ').at(-1)!;
  });
  afterAll(async () => {
    service.kill('SIGTERM');
    await once(service, 'close');
  });

  /** A write with these headers, and whether it was done. */
  async function write(headers: Record<string, string>) {
    const note = `${url}/notes/${++notes}`;
    const { status, type, body } = await send(note, 'PUT', headers);
    const { status: found } = await send(note, 'GET', {});
    return { status, type, body, written: found === 200 };
  }

  it.each([
    'localhost',
    'LocalHost:3000',
    '127.0.0.1:1',
    '[::1]',
    '[::1]:3000',
    'memory.internal:8080',
    '[fd00::1]:80',
    'agents_1',
  ])('is written to as %s, and from its pages', async (host) => {
    expect(await write({ host })).toMatchObject({ status: 200, written: true });
    for (const origin of [`http://${host}`, `https://${host}`])
      expect(await write({ origin })).toMatchObject({ status: 200, written: true });
  });

  it.each([
    'evil.example',
    'evil.example:3000',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'app.localhost',
    'memory.internal.evil.example',
    'localhost@evil.example',
    'evil.example@localhost',
    'localhost, evil.example',
    '0.0.0.0',
    '[::]',
    ':3000',
  ])('refuses the Host %j', async (host) => {
    expect(await write({ host })).toEqual({
      status: 403,
      type: 'application/json',
      body: { message: expect.stringContaining('ALLOWED_HOSTS') },
      written: false,
    });
  });

  it.each([
    'http://evil.example',
    'https://evil.example:3000',
    'http://localhost.evil.example',
    'http://localhost@evil.example',
    'http://evil.example/localhost',
    'http://localhost, http://evil.example',
    'chrome-extension://localhost',
    'file://',
    'localhost',
    'null',
    '',
  ])('refuses the Origin %j', async (origin) => {
    expect(await write({ origin })).toEqual({
      status: 403,
      type: 'application/json',
      body: { message: expect.stringContaining('ALLOWED_HOSTS') },
      written: false,
    });
  });

  it('refuses them where its functions call their queues and each other, allowed hosts too', async () => {
    const { environment } = (await send(`${url}/echo/x`, 'GET', {})).body as {
      environment: Record<string, string>;
    };
    const invoke = `${new URL(environment['QUEUE_URL']!).origin}/2015-03-31/functions/Later/invocations`;
    const foreign: Record<string, string>[] = [
      { host: 'evil.example' },
      { host: 'memory.internal' },
      { origin: 'http://evil.example' },
      { origin: 'null' },
    ];
    for (const headers of foreign)
      expect(await send(invoke, 'POST', headers)).toMatchObject({
        status: 403,
        body: { message: expect.stringContaining('is not allowed') },
      });
    // The body is no JSON: what is let through gets as far as reading it.
    expect((await send(invoke, 'POST', {})).status).toBe(500);
  });

  it('does not start with a name that no Host can match', async () => {
    for (const name of ['http://memory.internal', 'memory.internal:3000', '*', 'a b']) {
      const failing = start({ ALLOWED_HOSTS: `localhost,${name}` });
      const closed = once(failing, 'close');
      expect(await firstLine(failing.stderr)).toBe(
        `agent-memory: ALLOWED_HOSTS must be host names without scheme and port, not '${name}'`,
      );
      expect((await closed)[0]).toBe(1);
    }
  });
});
