/** The store of the archive's objects: S3 deployed, a folder on one machine. Keys are ASCII segments between `/`. */
export interface ObjectStore {
  /** Whole or not at all; replaces an object under the same key. */
  put(key: string, body: Uint8Array): Promise<void>;
  /** Undefined when there is none. */
  get(key: string): Promise<Uint8Array | undefined>;
  /** Keys that begin with the prefix, in the order of their characters. */
  list(prefix: string): AsyncIterable<string>;
  /** The segments right below a prefix that ends in `/`, in order: one request for a thousand of them. */
  folders(prefix: string): AsyncIterable<string>;
  /** Also of keys that are gone already. */
  remove(keys: readonly string[]): Promise<void>;
}

/** Opens the store when it is first needed: the S3 client is a third of a function's code. */
export type OpenStore = () => Promise<ObjectStore>;
