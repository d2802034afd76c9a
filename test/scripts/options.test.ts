import { describe, expect, it } from '@jest/globals';
import { type Choice, choice, runChoice } from '../../scripts/shared/command.ts';
import {
  asText,
  flag,
  HelpRequest,
  optional,
  readArguments,
  readUrl,
  required,
  someOf,
  UsageError,
  wholeNumber,
  withDefault,
} from '../../scripts/shared/options.ts';

const usage = {
  command: 'npm run thing',
  about: 'Does a thing.',
  options: {
    name: required('NAME', 'whose thing', asText),
    file: optional('FILE', 'where it is', asText),
    url: withDefault('URL', 'where it answers', 'http://127.0.0.1:3000', readUrl),
    size: wholeNumber('how large', { least: 2, most: 9_000, fallback: 1_000, quick: 3 }),
    parts: someOf(['head', 'tail'], 'parts of it'),
    quick: flag('a small one'),
  },
};
const read = (...args: string[]) => readArguments(usage, ['--name', 'it', ...args]);

function refused(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error('it was not refused');
}

describe('options', () => {
  it('are read with their types and defaults', () => {
    expect(read()).toEqual({
      name: 'it',
      file: undefined,
      url: 'http://127.0.0.1:3000',
      size: 1_000,
      parts: ['head', 'tail'],
      quick: false,
    });
    expect(read('--file', 'a', '--url', 'http://b:1/', '--size', '9000', '--parts', 'tail')).toMatchObject({
      file: 'a',
      url: 'http://b:1',
      size: 9_000,
      parts: ['tail'],
    });
  });

  it('have a smaller default with --quick, which an explicit value overrides', () => {
    expect(read('--quick')).toMatchObject({ quick: true, size: 3 });
    expect(read('--quick', '--size', '5')).toMatchObject({ quick: true, size: 5 });
  });

  it.each([
    [['--size', '1'], "--size must be a whole number from 2 to 9000, not '1'"],
    [['--size', '1e3'], "--size must be a whole number from 2 to 9000, not '1e3'"],
    [['--url', 'ftp://b'], '--url must be like http://127.0.0.1:3000'],
    [['--parts', 'head,foot'], "--parts knows head, tail; not 'foot'"],
    [['--quick=3'], "Option '--quick' does not take an argument"],
    [['--file'], "Option '--file <value>' argument missing"],
    [['--file', '--quick'], "Option '--file' argument is ambiguous"],
    [['--foot'], "Unknown option '--foot'"],
    [['word'], "Unexpected argument 'word'"],
  ])('%j are refused in one line', (args, message) => {
    expect(refused(() => read(...args))).toBe(`npm run thing: ${message} (--help lists the options)`);
  });

  it('that are required are missed', () => {
    expect(refused(() => readArguments(usage, []))).toMatch(/^npm run thing: --name is missing /);
  });

  it('are listed by --help, which needs none of them', () => {
    const help = refused(() => readArguments(usage, ['--help']));
    expect(help.split('\n')).toEqual([
      'npm run thing -- --name NAME [options]',
      'Does a thing.',
      '  --name NAME    whose thing',
      '  --file FILE    where it is',
      '  --url URL      where it answers (default http://127.0.0.1:3000)',
      '  --size N       how large (default 1000, with --quick 3)',
      '  --parts NAMES  parts of it (default head,tail)',
      '  --quick        a small one',
      '  --help         print this and do nothing',
    ]);
  });
});

describe('a command with choices', () => {
  const ran: unknown[] = [];
  const choices: Record<string, Choice> = {
    first: choice('the first', { size: wholeNumber('how large', { least: 1, fallback: 7 }) }, async () => ({
      run: async (values) => void ran.push(values),
    })),
    second: choice('the second', {}, () => Promise.reject(new Error('not loaded for its help'))),
  };
  const call = (...args: string[]) => runChoice('npm run thing', choices, args);

  it('runs the one that is named', async () => {
    await call('first', '--size', '9');
    expect(ran).toEqual([{ size: 9 }]);
  });

  it('lists them when none is named', async () => {
    await expect(call()).rejects.toThrow(HelpRequest);
    await expect(call('--help')).rejects.toThrow('  first   the first\n  second  the second\n');
  });

  it('helps with one without loading it, and names them all when there is no such one', async () => {
    await expect(call('second', '--help')).rejects.toThrow('npm run thing -- second');
    await expect(call('toString')).rejects.toThrow(
      "npm run thing: there is no 'toString'; there are first, second",
    );
  });
});
