import { parseArgs } from 'node:util';

/** A command was called wrongly. The message is the one line its user is shown. */
export class UsageError extends Error {}

/** The user asked how a command is called. The message is the answer. */
export class HelpRequest extends UsageError {}

/** An option of a command, and how its text becomes a value. */
export interface Option<Value> {
  /** Stands for the value in the help; a flag has none. */
  readonly placeholder?: string;
  readonly about: string;
  readonly required?: true;
  readonly fallback?: string;
  /** Replaces the fallback when `--quick` is given. */
  readonly quick?: string;
  /** @throws Error whose message follows the option's name */
  readonly read: (given: string | boolean | undefined) => Value;
}

export type Options = Readonly<Record<string, Option<unknown>>>;

export type Values<O extends Options> = {
  readonly [Name in keyof O]: O[Name] extends Option<infer Value> ? Value : never;
};

export interface Usage<O extends Options> {
  /** As it is typed: `npm run report`, `npm run bench -- night`. */
  readonly command: string;
  /** One line. */
  readonly about: string;
  readonly options: O;
  /** More lines for the help, such as the environment variables that matter. */
  readonly notes?: readonly string[];
}

export const flag = (about: string): Option<boolean> => ({ about, read: (given) => given === true });

export const asText = (given: string): string => given;

/** @param read throws an Error whose message follows the option's name */
export const optional = <Value>(
  placeholder: string,
  about: string,
  read: (given: string) => Value,
): Option<Value | undefined> => ({
  placeholder,
  about,
  read: (given) => (given === undefined ? undefined : read(String(given))),
});

export const withDefault = <Value>(
  placeholder: string,
  about: string,
  fallback: string,
  read: (given: string) => Value,
): Option<Value> => ({ placeholder, about, fallback, read: (given) => read(String(given)) });

export const required = <Value>(
  placeholder: string,
  about: string,
  read: (given: string) => Value,
): Option<Value> => ({
  placeholder,
  about,
  required: true,
  read: (given) => {
    if (given === undefined) throw new Error('is missing');
    return read(String(given));
  },
});

export interface NumberRange {
  readonly least: number;
  /** @default no limit but nine digits */
  readonly most?: number;
}

export function readWholeNumber(given: string, { least, most }: NumberRange): number {
  const value = Number(given);
  if (!/^\d{1,9}$/.test(given) || value < least || value > (most ?? value)) {
    const range = most === undefined ? `of at least ${least}` : `from ${least} to ${most}`;
    throw new Error(`must be a whole number ${range}, not '${given}'`);
  }
  return value;
}

export const wholeNumber = (
  about: string,
  { fallback, quick, ...range }: NumberRange & { readonly fallback: number; readonly quick?: number },
): Option<number> => ({
  ...withDefault('N', about, String(fallback), (given) => readWholeNumber(given, range)),
  ...(quick !== undefined && { quick: String(quick) }),
});

/** Some of the named values, separated by commas. All of them when the option is absent. */
export const someOf = <Name extends string>(names: readonly Name[], about: string): Option<readonly Name[]> =>
  withDefault('NAMES', about, names.join(','), (given) =>
    given.split(',').map((word) => {
      const name = names.find((known) => known === word);
      if (name === undefined) throw new Error(`knows ${names.join(', ')}; not '${word}'`);
      return name;
    }),
  );

/** The base URL of a service, without the slash at its end. */
export function readUrl(given: string): string {
  const url = given.replace(/\/$/, '');
  if (!/^https?:\/\/[^/]+$/.test(url)) throw new Error('must be like http://127.0.0.1:3000');
  return url;
}

const shown = (name: string, { placeholder }: Option<unknown>): string =>
  placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;

function defaultsOf({ fallback, quick }: Option<unknown>): string {
  if (fallback === undefined) return '';
  return quick === undefined ? ` (default ${fallback})` : ` (default ${fallback}, with --quick ${quick})`;
}

/** Two columns, the first as wide as its widest entry. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([first]) => first.length));
  return rows.map(([first, second]) => `  ${first.padEnd(width)}  ${second}`).join('\n');
}

function helpOf({ command, about, options, notes = [] }: Usage<Options>): string {
  const all = Object.entries(options);
  const required = all.filter(([, option]) => option.required).map(([name, option]) => shown(name, option));
  const optional = all.length > required.length ? ['[options]'] : [];
  const words = [...required, ...optional];
  const separator = words.length === 0 || command.includes(' -- ') ? [] : ['--'];
  return [
    [command, ...separator, ...words].join(' '),
    about,
    columns([
      ...all.map(([name, option]) => [shown(name, option), `${option.about}${defaultsOf(option)}`] as const),
      ['--help', 'print this and do nothing'],
    ]),
    ...notes,
  ].join('\n');
}

/** The first sentence: Node's messages go on with advice that takes several lines. */
const firstSentence = (message: string): string => message.split(/\.\s/, 1)[0]!;

/**
 * Reads the words after a command's name.
 *
 * @throws HelpRequest for `--help`
 * @throws UsageError for anything else that cannot be done
 */
export function readArguments<O extends Options>(usage: Usage<O>, args: readonly string[]): Values<O> {
  const refuse = (message: string): never => {
    throw new UsageError(`${usage.command}: ${message} (--help lists the options)`);
  };
  const given = (() => {
    const types = Object.entries(usage.options).map(
      ([name, { placeholder }]) =>
        [name, { type: placeholder === undefined ? 'boolean' : 'string' }] as const,
    );
    try {
      return parseArgs({
        args: [...args],
        options: { ...Object.fromEntries(types), help: { type: 'boolean' } },
      }).values as Readonly<Record<string, string | boolean | undefined>>;
    } catch (error) {
      return refuse(firstSentence((error as Error).message));
    }
  })();
  if (given['help'] === true) throw new HelpRequest(helpOf(usage));
  const read = ([name, option]: [string, Option<unknown>]) => {
    const fallback = given['quick'] === true ? (option.quick ?? option.fallback) : option.fallback;
    try {
      return [name, option.read(given[name] ?? fallback)];
    } catch (error) {
      return refuse(`--${name} ${(error as Error).message}`);
    }
  };
  return Object.fromEntries(Object.entries(usage.options).map(read)) as Values<O>;
}
