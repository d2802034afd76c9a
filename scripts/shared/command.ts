import { PrerequisiteError } from '../local/emulator.ts';
import { columns, HelpRequest, type Options, readArguments, UsageError, type Values } from './options.ts';

/** False when the command ran to its end and found something wrong. */
export type Ending = boolean | void;

const stackOf = (error: Error): string => String(error.stack ?? error);

/** Ends the process of a command that could not go on: 0 after help, 2 when it was called wrongly, else 1. */
export function endWith(error: Error, describe = stackOf): never {
  if (error instanceof HelpRequest) {
    process.stdout.write(`${error.message}\n`);
    process.exit(0);
  }
  const isExpected = error instanceof UsageError || error instanceof PrerequisiteError;
  process.stderr.write(`${isExpected ? error.message : describe(error)}\n`);
  process.exit(error instanceof UsageError ? 2 : 1);
}

/**
 * Runs a command with the words of this process, and ends the process.
 *
 * @param describe the text that is printed of an unexpected error; its stack by default
 */
export function runCommand(
  work: (args: readonly string[]) => Promise<Ending>,
  describe?: (error: Error) => string,
): void {
  work(process.argv.slice(2)).then(
    (ending) => process.exit(ending === false ? 1 : 0),
    (error: unknown) => endWith(error as Error, describe),
  );
}

/** For tools, whose errors are mostly about their input: the message alone says what to do. */
export const messageOf = (error: Error): string => error.message;

/** One of several things a command can run. */
export interface Choice {
  /** One line. */
  readonly about: string;
  readonly run: (command: string, args: readonly string[]) => Promise<Ending>;
}

/** @param load imports the code only when it is to run: help costs nothing */
export const choice = <O extends Options>(
  about: string,
  options: O,
  load: () => Promise<{ run(values: Values<O>): Promise<Ending> }>,
  notes?: readonly string[],
): Choice => ({
  about,
  run: async (command, args) => {
    const values = readArguments({ command, about, options, ...(notes && { notes }) }, args);
    return (await load()).run(values);
  },
});

/**
 * Runs the choice the first word names; without a word it lists them.
 *
 * @throws HelpRequest, UsageError
 */
export async function runChoice(
  command: string,
  choices: Readonly<Record<string, Choice>>,
  [name, ...args]: readonly string[],
): Promise<Ending> {
  const list = Object.entries(choices);
  if (name === undefined || name === '--help')
    throw new HelpRequest(
      `${command} -- NAME [options]\n${columns(list.map(([known, { about }]) => [known, about]))}\n` +
        `${command} -- NAME --help lists the options of one.`,
    );
  const chosen = list.find(([known]) => known === name)?.[1];
  if (!chosen)
    throw new UsageError(
      `${command}: there is no '${name}'; there are ${list.map(([known]) => known).join(', ')}`,
    );
  return chosen.run(`${command} -- ${name}`, args);
}
