import type { TransactWriteCommandInput } from '@aws-sdk/lib-dynamodb';
import { itemBytes } from '../../lambdas/shared/dynamodb/item-size.ts';
import { intercept } from './faults.ts';

/**
 * What each transaction of puts costs, in write units: 2 for each kilobyte of each item. Counted from what is sent,
 * because the emulator's own figure is wrong for transactions.
 */
export const meteredTransactions = (units: number[]) =>
  intercept(async (command, pass) => {
    const answer = await pass(command);
    if (command.constructor.name === 'TransactWriteCommand') {
      const { TransactItems = [] } = (command as { input: TransactWriteCommandInput }).input;
      const puts = TransactItems.flatMap(({ Put }) => Put?.Item ?? []);
      units.push(puts.reduce((sum, item) => sum + 2 * Math.ceil(itemBytes(item) / 1024), 0));
    }
    return answer;
  });
