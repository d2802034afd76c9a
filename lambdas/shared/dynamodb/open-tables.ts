import type { Runtime } from '../platform/runtime.ts';
import { type TableName, tables } from '../schema/tables.ts';
import { Table } from './table.ts';

/** The variables that name the tables: DECISIONS_TABLE, … */
type Variables = { readonly [Name in TableName]: (typeof tables)[Name]['environment'] };

/** The tables that an environment names. */
export type TablesOf<Environment> = {
  readonly [Name in TableName as Variables[Name] extends keyof Environment ? Name : never]: Table;
};

/** Opens the tables a function's environment names, and no others. */
export function openTables<Environment extends object>(
  { documents, clock, deadline }: Pick<Runtime, 'documents' | 'clock' | 'deadline'>,
  environment: Environment,
): TablesOf<Environment> {
  const names = environment as Readonly<Record<string, string | undefined>>;
  return Object.fromEntries(
    Object.entries(tables).flatMap(([name, { environment: variable }]) => {
      const deployed = names[variable];
      return deployed === undefined ? [] : [[name, new Table(documents, deployed, clock, deadline)]];
    }),
  ) as TablesOf<Environment>;
}
