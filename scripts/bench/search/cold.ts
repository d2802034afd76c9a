import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { BatchWriteCommand, DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AgentRegistry } from '../../../lambdas/agents/agent-registry.ts';
import { MemoryFeed } from '../../../lambdas/memories/memory-feed.ts';
import { MemoryRecords } from '../../../lambdas/memories/memory-records.ts';
import { MemorySharing, SHARED_MEMORIES } from '../../../lambdas/memories/memory-sharing.ts';
import { MemoryStore } from '../../../lambdas/memories/memory-store.ts';
import type { Memory } from '../../../lambdas/memories/memory.ts';
import { HashingEmbedder } from '../../../lambdas/memories/search/embedder.ts';
import { MemorySearch } from '../../../lambdas/memories/search/memory-search.ts';
import { toItem } from '../../../lambdas/memories/table.ts';
import { createRuntime } from '../../../lambdas/shared/platform/runtime.ts';
import { defaultMemoryCategories as categories } from '../../../lambdas/shared/schema/memory-categories.ts';
import { tables } from '../../../lambdas/shared/schema/tables.ts';
import { Sharing } from '../../../lambdas/sharing/sharing.ts';
import { withServiceTables } from '../../shared/service-tables.ts';
import { Table } from '../../../lambdas/shared/dynamodb/table.ts';

const ROUNDS = 3;
const WARM = 60;
const BATCH = 25;

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
};
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

/**
 * The first search of an instance over all memories of an agent, with its reads, beside those reads alone; then warm
 * ones, with the query that looks for what is new. By the wall clock, on DynamoDB Local.
 */
export const measureCold = (
  memories: readonly Memory[],
  queries: readonly string[],
  print: (name: string, value: string) => void,
): Promise<void> =>
  withServiceTables(async () => {
    const client = new DynamoDBClient({});
    const { clock, randomPart } = createRuntime('bench');
    // Without the functions' timeouts: on a busy machine the emulator takes its time.
    const documents = DynamoDBDocumentClient.from(client);
    const table = tables.memory.name;
    for (let start = 0; start < memories.length; start += BATCH)
      await documents.send(
        new BatchWriteCommand({
          RequestItems: {
            [table]: memories
              .slice(start, start + BATCH)
              .map((memory) => ({ PutRequest: { Item: toItem(memory) } })),
          },
        }),
      );
    const records = new MemoryRecords(new Table(documents, table));
    const feed = new MemoryFeed(new Table(documents, table, clock), randomPart);
    const store = new MemoryStore(new Table(documents, table, clock), categories, { records, feed });
    const registry = new AgentRegistry(new Table(documents, tables.state.name, clock));
    const grants = new Sharing(new Table(documents, table, clock), SHARED_MEMORIES);
    const sharing = new MemorySharing({ store, records, sharing: grants, registry }, categories, clock);
    const agentId = memories[0]!.agentId;
    const readAll = async (): Promise<void> => {
      for await (const page of records.ofAgent(agentId, { consistent: false })) void page;
    };
    for (const [name, embedder] of [
      ['words', undefined],
      ['words and vectors', new HashingEmbedder()],
    ] as const) {
      const create = () =>
        new MemorySearch({ records, feed, sharing, categories, clock, ...(embedder && { embedder }) });
      const cold: number[] = [];
      const reads: number[] = [];
      let search = create();
      for (let round = 0; round < ROUNDS; round++) {
        reads.push(await seconds(readAll));
        search = create();
        cold.push(await seconds(() => search.search(agentId, { query: queries[round]! })));
      }
      const warm: number[] = [];
      for (const query of queries.slice(0, WARM))
        warm.push(1000 * (await seconds(() => search.search(agentId, { query }))));
      print(
        `cold search by ${name}`,
        `${median(cold).toFixed(2)} s, of which reading ${median(reads).toFixed(2)} s`,
      );
      print(`warm search by ${name}`, `p50 ${median(warm).toFixed(1)} ms with the query for news`);
    }
    client.destroy();
  });
